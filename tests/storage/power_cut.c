/*
 * Keeps beside each file what a power cut would leave of it: a copy taken whenever the file is
 * synced, and nothing that was written since. Loaded into the spooler by LD_PRELOAD.
 *
 * The copy of DIR/name goes to SHADOW/name, where SHADOW is the environment's POWER_CUT_SHADOW,
 * by way of a temporary name, so that a kill in between leaves the copy before it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy_to_shadow(int file)
{
    const char *shadow = getenv("POWER_CUT_SHADOW");
    char link[64], path[PATH_MAX], target[PATH_MAX], temporary[PATH_MAX], piece[1 << 16];
    struct stat status;
    ssize_t length, got;
    off_t offset = 0;

    if (shadow == NULL || fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    snprintf(target, sizeof target, "%s/%s", shadow, strrchr(path, '/') + 1);
    snprintf(temporary, sizeof temporary, "%s.new", target);
    int copy = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (copy < 0)
        abort();
    while ((got = pread(file, piece, sizeof piece, offset)) > 0) {
        if (write(copy, piece, got) != got)
            abort();
        offset += got;
    }
    close(copy);
    if (rename(temporary, target) != 0)
        abort();
}

int fsync(int file)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fsync");
    copy_to_shadow(file);
    return real(file);
}

int fdatasync(int file)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fdatasync");
    copy_to_shadow(file);
    return real(file);
}
