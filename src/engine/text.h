// Text and bytes, for the engine: what Node has as TextEncoder and TextDecoder. See src/sys/text.ts for what each
// function means.
#ifndef CONMON_TEXT_H
#define CONMON_TEXT_H

#include "engine.h"

// An object with the functions of TextCalls, or an exception.
JSValue make_text_calls(JSContext *context, JSValueConst uint8_array);

#endif
