// Makes the image, and runs it. To make it: src/main.ts and what it imports are compiled by one engine and handed, as
// compiled, to a second one, whose memory is the image; so nothing that only a compiler needs gets into it.

#define _GNU_SOURCE
#include "image.h"

#include "engine.h"
#include "heap.h"
#include "napi.h"
#include "text.h"

#include <link.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__x86_64__)
#define ARCHITECTURE "x64"
#else
#error "the constants of src/sys/constants.ts are not known for this architecture"
#endif

static struct {
	JSRuntime *runtime;
	JSContext *context;
	JSValue run;
} image IN_IMAGE = {0};

// --- running --------------------------------------------------------------------------------------------------

enum {
	stack_bytes_max = 256 * 1024, // ten times what the deepest call of ours takes
	stack_bytes_min = 64 * 1024,
	exit_failure = 1,
};

bool image_is_there(void)
{
	return image_state.bytes != 0;
}

// How far the stack can grow from here. The name of the executable lies at its beginning, behind arguments and
// environment, which count too.
static size_t stack_room(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	uintptr_t first = (uintptr_t)getauxval(AT_EXECFN), here = (uintptr_t)__builtin_frame_address(0);
	size_t used = first > here ? first - here : 0;
	return used < limit.rlim_cur ? (size_t)limit.rlim_cur - used : 0;
}

bool image_has_stack(void)
{
	return stack_room() >= stack_bytes_min;
}

// A quarter of the stack that we have is left to what the engine does not count.
static size_t stack_bytes(void)
{
	size_t bytes = stack_room() / 4 * 3;
	return bytes < stack_bytes_max ? bytes : stack_bytes_max;
}

static void say_exception(JSContext *context)
{
	JSValue exception = JS_GetException(context);
	const char *text = JS_ToCString(context, exception);
	fprintf(stderr, "conmon: %s\n", text ? text : "out of memory");
	JSValue stack = JS_IsObject(exception) ? JS_GetPropertyStr(context, exception, "stack") : JS_UNDEFINED;
	const char *frames = JS_IsString(stack) ? JS_ToCString(context, stack) : NULL;
	if (frames)
		fputs(frames, stderr);
}

// --- leaving

static jmp_buf before_the_engine;
static struct {
	void (*then)(void *);
	void *context;
} left;

// Of the first object, the executable: the pages of its file, which are read again where they are needed.
static int forget_file_pages(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size, (void)context;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);
		madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 1;
}

// What lies below the caller's frame, but for a page. Where the stack has never been there is nothing to give back.
static void forget_stack(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;
	uintptr_t bytes = 2 * stack_bytes_max;
	madvise((void *)(end - bytes), bytes, MADV_DONTNEED);
}

void image_leave(void (*then)(void *), void *context)
{
	left.then = then;
	left.context = context;
	longjmp(before_the_engine, 1);
}

static _Noreturn void leave(void)
{
	heap_forget();
	forget_stack();
	dl_iterate_phdr(forget_file_pages, NULL);
	left.then(left.context);
	_exit(exit_failure); // it does not return
}

// --- the run

void image_run(const char *handoff)
{
	if (setjmp(before_the_engine) != 0)
		leave();
	JS_UpdateStackTop(image.runtime);
	JS_SetMaxStackSize(image.runtime, stack_bytes());
	JSValue argument = JS_NewString(image.context, handoff);
	JSValue answer = JS_IsException(argument) ? JS_EXCEPTION : JS_Call(image.context, image.run, JS_UNDEFINED, 1, &argument);
	if (JS_IsException(answer))
		say_exception(image.context); // `run` ends the process, and catches what it can
	_exit(exit_failure);
}

// --- making ---------------------------------------------------------------------------------------------------

struct module {
	struct module *next;
	char *name;
	uint8_t *bytes;
	size_t length;
};

static const char root[] = "src/main.ts";
static struct module *modules; // as compiled

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "image: %s\n", what);
	exit(exit_failure);
}

static _Noreturn void fail_with_exception(JSContext *context, const char *what)
{
	fprintf(stderr, "image: %s\n", what);
	say_exception(context);
	exit(exit_failure);
}

static char *read_source(const char *name, size_t *length)
{
	FILE *file = fopen(name, "r");
	char *text = NULL;
	size_t size = 0;
	FILE *copy = file ? open_memstream(&text, &size) : NULL;
	if (!copy)
		fail(name);
	for (int byte; (byte = getc(file)) != EOF;)
		putc(byte, copy);
	if (ferror(file) || fclose(file) != 0 || fclose(copy) != 0)
		fail(name);
	*length = size;
	return text;
}

static JSValue compile(JSContext *context, const char *name, const char *text, size_t length)
{
	JSValue module = JS_Eval(context, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	if (JS_IsException(module))
		fail_with_exception(context, name);
	struct module *compiled = calloc(1, sizeof(*compiled));
	if (!compiled || !(compiled->name = strdup(name)))
		fail("out of memory");
	compiled->bytes = engine_write_module(context, &compiled->length, module);
	if (!compiled->bytes)
		fail_with_exception(context, name);
	compiled->next = modules;
	modules = compiled;
	return module;
}

static JSModuleDef *load_source(JSContext *context, const char *name, void *opaque)
{
	(void)opaque;
	size_t length;
	char *text = read_source(name, &length);
	JSValue module = compile(context, name, text, length);
	free(text);
	return JS_VALUE_GET_PTR(module); // the context has it
}

static JSValue read_module(JSContext *context, const char *name)
{
	for (const struct module *module = modules; module; module = module->next) {
		if (strcmp(module->name, name) != 0)
			continue;
		JSValue value = JS_ReadObject(context, module->bytes, module->length, JS_READ_OBJ_BYTECODE);
		if (JS_IsException(value))
			fail_with_exception(context, name);
		return value;
	}
	fail(name);
}

static JSModuleDef *load_compiled(JSContext *context, const char *name, void *opaque)
{
	(void)opaque;
	return JS_VALUE_GET_PTR(read_module(context, name));
}

static void compile_all(void)
{
	JSRuntime *runtime = JS_NewRuntime();
	JSContext *context = runtime ? engine_new_compiling_context(runtime) : NULL;
	if (!context)
		fail("cannot start the engine");
	JS_SetModuleLoaderFunc(runtime, NULL, load_source, NULL);
	load_source(context, root, NULL);
}

static void set_global(JSContext *context, const char *name, JSValue value)
{
	JSValue global = JS_GetGlobalObject(context);
	if (JS_IsException(value) || JS_SetPropertyStr(context, global, name, value) < 0)
		fail_with_exception(context, name);
	JS_FreeValue(context, global);
}

// What src/ declares as given by the executable.
static void set_globals(JSContext *context, const char *commit)
{
	JSValue global = JS_GetGlobalObject(context);
	JSValue uint8_array = JS_GetPropertyStr(context, global, "Uint8Array");
	JSValue addon = load_addon(context);
	set_global(context, "conmonText", make_text_calls(context, uint8_array));
	set_global(context, "conmonFillLines", JS_GetPropertyStr(context, addon, "fillLines"));
	set_global(context, "conmonSys", addon);
	set_global(context, "conmonArchitecture", JS_NewString(context, ARCHITECTURE));
	set_global(context, "BUILD_COMMIT", JS_NewString(context, commit));
	JS_FreeValue(context, uint8_array);
	JS_FreeValue(context, global);
}

// src/main.ts calls it with its `run`.
static JSValue keep_run(JSContext *context, JSValueConst this_value, int count, JSValueConst *values)
{
	(void)this_value, (void)count;
	image.run = JS_DupValue(context, values[0]);
	return JS_UNDEFINED;
}

static void make_image(const char *commit)
{
	image.runtime = engine_new_runtime();
	if (!image.runtime)
		fail("cannot start the engine");
	JS_SetMaxStackSize(image.runtime, 0);
	JS_SetGCThreshold(image.runtime, SIZE_MAX); // once, at the end
	image.context = engine_new_running_context(image.runtime);
	if (!image.context)
		fail("cannot start the engine");
	JS_SetModuleLoaderFunc(image.runtime, NULL, load_compiled, NULL);
	set_globals(image.context, commit);
	set_global(image.context, "conmonAtStart", JS_NewCFunction(image.context, keep_run, "conmonAtStart", 1));
	JSValue module = read_module(image.context, root);
	if (JS_ResolveModule(image.context, module) < 0 || engine_run_module(image.context, module) < 0)
		fail_with_exception(image.context, "the modules do not run");
	if (!JS_IsFunction(image.context, image.run))
		fail("src/main.ts has left no function to run");
	if (engine_settle(image.context) < 0)
		fail_with_exception(image.context, "the engine does not settle");
	image_seal();
}

static void write_image(const char *path)
{
	extern char __start_conmon_image[], __stop_conmon_image[];
	FILE *file = fopen(path, "w");
	size_t length = (size_t)(__stop_conmon_image - __start_conmon_image);
	if (!file || fwrite(__start_conmon_image, 1, length, file) != length || fclose(file) != 0)
		fail(path);
}

// Run in the folder that src/ is in, by scripts/build: IMAGE-FILE COMMIT. Says how many bytes of the image are used.
int image_main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("conmon: this executable was not built to its end: it has no image\n", stderr);
		return exit_failure;
	}
	compile_all();
	make_image(argv[2]);
	write_image(argv[1]);
	printf("%zu\n", image_state.used);
	return 0;
}
