/* Preloaded into a process: its n-th change below a folder fails, ends it or stops it; its clock
   jumps. What happens when is read from a file that the harness maps too; see shim.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct plan {
    int64_t count, first, last, error, fired, share, clock_at, clock_s;
};
static volatile struct plan *plan;
static char folder[4096];
static size_t folder_length;

#define REAL(result, name, ...)                                        \
    static result (*real_##name)(__VA_ARGS__);                         \
    if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

int faults_watch(const char *state, const char *watched) {
    int descriptor = open(state, O_RDWR);
    if (descriptor < 0 || strlen(watched) >= sizeof folder) return -1;
    void *mapped = mmap(0, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (mapped == MAP_FAILED) return -1;
    strcpy(folder, watched);
    folder_length = strlen(folder);
    plan = mapped;
    return 0;
}

static int is_below(const char *path) {
    return plan && path && !strncmp(path, folder, folder_length);
}

static int is_open_below(int descriptor) {
    char link[64], path[4096];
    if (!plan) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* Whether this call fails; it never comes back where the process is to end. */
static int is_due(void) {
    int64_t now = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST);
    return now >= plan->first && now <= plan->last;
}

static int strike(void) {
    __atomic_add_fetch(&plan->fired, 1, __ATOMIC_SEQ_CST);
    if (plan->error == -1) kill(getpid(), SIGKILL);
    if (plan->error < 0) {
        kill(getpid(), SIGSTOP);
        return 0; /* the call is made when the process goes on */
    }
    errno = (int)plan->error;
    return -1;
}

#define CHECKED(test, call)          \
    if ((test) && is_due() && strike()) return -1; \
    return call

ssize_t write(int d, const void *data, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (is_open_below(d) && is_due()) {
        if (plan->share && length) real_write(d, data, length * plan->share / 1000);
        if (strike()) return -1;
    }
    return real_write(d, data, length);
}

ssize_t pwrite64(int d, const void *data, size_t length, off64_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    if (is_open_below(d) && is_due()) {
        if (plan->share && length) real_pwrite64(d, data, length * plan->share / 1000, at);
        if (strike()) return -1;
    }
    return real_pwrite64(d, data, length, at);
}

ssize_t pwrite(int d, const void *data, size_t length, off_t at) {
    return pwrite64(d, data, length, at);
}

ssize_t writev(int d, const struct iovec *pieces, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    CHECKED(is_open_below(d), real_writev(d, pieces, count));
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    REAL(size_t, fwrite, const void *, size_t, size_t, FILE *);
    if (plan && is_open_below(fileno(file)) && is_due() && strike()) return 0;
    return real_fwrite(data, size, count, file);
}

int fsync(int d) {
    REAL(int, fsync, int);
    CHECKED(is_open_below(d), real_fsync(d));
}

int fdatasync(int d) {
    REAL(int, fdatasync, int);
    CHECKED(is_open_below(d), real_fdatasync(d));
}

int ftruncate64(int d, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    CHECKED(is_open_below(d), real_ftruncate64(d, length));
}

int ftruncate(int d, off_t length) {
    return ftruncate64(d, length);
}

int posix_fallocate64(int d, off64_t from, off64_t length) {
    REAL(int, posix_fallocate64, int, off64_t, off64_t);
    if (is_open_below(d) && is_due() && strike()) return errno;
    return real_posix_fallocate64(d, from, length);
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    CHECKED(is_below(to), real_rename(from, to));
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    CHECKED(is_below(to), real_link(from, to));
}

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    CHECKED(is_below(path), real_unlink(path));
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    CHECKED(is_below(path), real_mkdir(path, mode));
}

#define OPENING(name)                                                  \
    int name(const char *path, int flags, ...) {                       \
        REAL(int, name, const char *, int, ...);                       \
        va_list rest;                                                  \
        va_start(rest, flags);                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                  \
        CHECKED((flags & O_CREAT) && is_below(path), real_##name(path, flags, mode)); \
    }
OPENING(open)
OPENING(open64)

static int64_t jump_s(void) {
    return plan && plan->clock_at && plan->count >= plan->clock_at ? plan->clock_s : 0;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int result = real_clock_gettime(which, now);
    if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) now->tv_sec += jump_s();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(int, gettimeofday, struct timeval *, void *);
    int result = real_gettimeofday(now, zone);
    now->tv_sec += jump_s();
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
