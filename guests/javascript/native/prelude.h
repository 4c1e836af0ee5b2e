// Read before every file of the engine.
//
// Under `__wasi__` the engine sets no limit to its own stack, so that deep recursion is a trap that no program can catch.
// The system's headers need the name; the engine does without it.
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__

// The clocks are the guest's own: they say nothing before the image is taken (`src/clock.rs`).
int guest_gettimeofday(struct timeval *now, void *zone);
#define gettimeofday guest_gettimeofday
int guest_clock_gettime(clockid_t id, struct timespec *now);
#define clock_gettime guest_clock_gettime
