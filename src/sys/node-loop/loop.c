// Node's own event loop waits for an epoll fd of ours: no thread is needed, nothing has to be told to end, and an idle
// process is not woken. Only the addon has this, not the executable; ../node-loop.ts says what each function takes.
//
// Of libuv, six functions are used that are as they are here in every version 1. They are weak: where the program has
// none of them, or another version, `nodeLoop` is not defined, and the library does without.

#define _GNU_SOURCE
#include "../native/args.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct uv_handle;
typedef void (*poll_callback)(struct uv_handle *handle, int status, int events);

#define UV(declaration) extern declaration __attribute__((weak))
UV(unsigned uv_version(void));
UV(size_t uv_handle_size(int type));
UV(void *uv_handle_get_data(const struct uv_handle *handle));
UV(void uv_handle_set_data(struct uv_handle *handle, void *data));
UV(int uv_poll_init(struct uv_loop_s *loop, struct uv_handle *handle, int fd));
UV(int uv_poll_start(struct uv_handle *handle, int events, poll_callback callback));
UV(void uv_close(struct uv_handle *handle, void (*callback)(struct uv_handle *handle)));
UV(void uv_ref(struct uv_handle *handle));
UV(void uv_unref(struct uv_handle *handle));

enum { uv_poll_type = 8, uv_readable = 1, uv_major = 1, uv_major_shift = 16 };

// One for each environment, that is, for the main thread and for each Worker that loads the addon.
struct loop {
	napi_env env;
	napi_ref on_readable;
	napi_async_cleanup_hook_handle hook;
	struct uv_handle *poll; // NULL before `watch`
	int *owned;
	size_t owned_count, owned_room;
};

static struct loop *loop_of(napi_env env)
{
	void *loop = NULL;
	napi_get_instance_data(env, &loop);
	return loop;
}

static void on_poll(struct uv_handle *poll, int status, int events)
{
	(void)status, (void)events;
	struct loop *loop = uv_handle_get_data(poll);
	napi_env env = loop->env;
	napi_handle_scope scope;
	napi_value receiver, function, error;
	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	if (napi_get_global(env, &receiver) == napi_ok &&
	    napi_get_reference_value(env, loop->on_readable, &function) == napi_ok &&
	    napi_make_callback(env, NULL, receiver, function, 0, NULL, NULL) == napi_pending_exception &&
	    napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
	napi_close_handle_scope(env, scope);
}

static void finish(struct loop *loop)
{
	napi_remove_async_cleanup_hook(loop->hook);
	free(loop->owned);
	free(loop->poll);
	free(loop);
}

static void on_closed(struct uv_handle *poll)
{
	finish(uv_handle_get_data(poll));
}

// The environment ends: at the end of the main thread, and of a Worker, terminated or not. JavaScript has no say any more.
static void on_end(napi_async_cleanup_hook_handle hook, void *data)
{
	(void)hook;
	struct loop *loop = data;
	if (loop->poll)
		uv_close(loop->poll, on_closed); // from here on it does not use its fd
	for (size_t i = 0; i < loop->owned_count; i++)
		close(loop->owned[i]);
	if (!loop->poll)
		finish(loop);
}

static int own(struct loop *loop, int fd)
{
	if (loop->owned_count == loop->owned_room) {
		size_t room = loop->owned_room ? 2 * loop->owned_room : 16;
		int *more = reallocarray(loop->owned, room, sizeof(*more));
		if (!more) {
			close(fd);
			errno = ENOMEM;
			return -1;
		}
		loop->owned = more;
		loop->owned_room = room;
	}
	loop->owned[loop->owned_count++] = fd;
	return fd;
}

static napi_value call_own(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 1);
	int fd = args_int(&args, 0);
	if (fd < 0)
		errno = -fd; // of the call that was to open it
	return answer(&args, args.wrong || fd < 0 ? -1 : own(loop_of(env), fd));
}

static napi_value call_close(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 1);
	struct loop *loop = loop_of(env);
	int fd = args_int(&args, 0);
	for (size_t i = 0; !args.wrong && i < loop->owned_count; i++) {
		if (loop->owned[i] != fd)
			continue;
		loop->owned[i] = loop->owned[--loop->owned_count];
		return answer(&args, close(fd));
	}
	errno = EBADF;
	return answer(&args, -1);
}

// Errors of libuv are -errno already.
static int start(struct loop *loop, int fd, napi_value function)
{
	struct uv_loop_s *uv = NULL;
	if (loop->poll)
		return -EBUSY;
	struct uv_handle *poll = calloc(1, uv_handle_size(uv_poll_type));
	if (!poll || napi_get_uv_event_loop(loop->env, &uv) != napi_ok ||
	    napi_create_reference(loop->env, function, 1, &loop->on_readable) != napi_ok) {
		free(poll);
		return -ENOMEM;
	}
	int result = uv_poll_init(uv, poll, fd);
	if (result < 0) {
		napi_delete_reference(loop->env, loop->on_readable);
		free(poll);
		return result;
	}
	loop->poll = poll;
	uv_handle_set_data(poll, loop);
	uv_unref(poll);
	return uv_poll_start(poll, uv_readable, on_poll);
}

static napi_value call_watch(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 2);
	napi_valuetype type = napi_undefined;
	int fd = args_int(&args, 0);
	if (args.wrong || napi_typeof(env, args.values[1], &type) != napi_ok || type != napi_function)
		args.wrong = true;
	int result = args.wrong ? 0 : start(loop_of(env), fd, args.values[1]);
	errno = -result;
	return answer(&args, result < 0 ? -1 : 0);
}

static napi_value call_keepAlive(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 1);
	const struct loop *loop = loop_of(env);
	bool alive = false;
	if (args.wrong || !loop->poll || napi_get_value_bool(env, args.values[0], &alive) != napi_ok)
		args.wrong = true;
	else if (alive)
		uv_ref(loop->poll);
	else
		uv_unref(loop->poll);
	return answer(&args, 0);
}

static bool is_known_libuv(void)
{
	return uv_version && uv_version() >> uv_major_shift == uv_major && uv_handle_size && uv_handle_get_data &&
	       uv_handle_set_data && uv_poll_init && uv_poll_start && uv_close && uv_ref && uv_unref;
}

#define METHOD(name) {#name, NULL, call_##name, NULL, NULL, NULL, napi_enumerable, NULL}

bool define_node_loop(napi_env env, napi_value exports)
{
	static const napi_property_descriptor methods[] = {METHOD(watch), METHOD(keepAlive), METHOD(own), METHOD(close)};
	if (!is_known_libuv())
		return true;
	napi_value object;
	struct loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return false;
	loop->env = env;
	if (napi_add_async_cleanup_hook(env, on_end, loop, &loop->hook) != napi_ok) {
		free(loop);
		return false;
	}
	return napi_set_instance_data(env, loop, NULL, NULL) == napi_ok && napi_create_object(env, &object) == napi_ok &&
	       napi_define_properties(env, object, sizeof(methods) / sizeof(*methods), methods) == napi_ok &&
	       napi_set_named_property(env, exports, "nodeLoop", object) == napi_ok;
}
