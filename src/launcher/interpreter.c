// The linker names a dynamic loader only in programs, and this file is linked as a shared object, so that the
// monitor can load it: the section makes the kernel take it for the program that it is as well.
const char interpreter[] __attribute__((section(".interp"), used)) = INTERPRETER;
