/*
 * Runs a program and kills it at its n-th rename, before the kernel carries that rename out; or
 * holds the thread that is about to make a folder of some name, while all others go on.
 *
 *     inject CONTROL LOG PROGRAM ARGUMENT...
 *
 * CONTROL is shared with whoever wrote the file: `struct control` below. Each new name that was
 * counted is a line of LOG. All threads and children of the program are watched. It ends with the
 * program's exit code, or with 137 where that was killed.
 *
 * A filter stops the program at these calls alone, so all else runs at full speed. Killing this
 * process kills the program.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system calls of this architecture are not known here"
#endif

struct call {
    uint32_t number;
    int name_at; /* The argument that points to the new name. */
    int is_rename;
};

/* Not every machine has the older ones. */
static const struct call CALLS[] = {
#ifdef SYS_rename
    {SYS_rename, 1, 1},
#endif
#ifdef SYS_renameat
    {SYS_renameat, 3, 1},
#endif
    {SYS_renameat2, 3, 1},
#ifdef SYS_mkdir
    {SYS_mkdir, 0, 0},
#endif
    {SYS_mkdirat, 1, 0},
};

enum { CALL_COUNT = sizeof CALLS / sizeof *CALLS };

struct control {
    _Atomic int64_t target; /* Kill at this rename; -1: hold at a folder; 0: count nothing. */
    _Atomic int64_t seen;   /* Renames, or folders of the name, since `target` was set. */
    char folder[48];        /* What the name of the folder holds. */
};

enum { HOLD = -1 };

static void fail(const char *what)
{
    perror(what);
    exit(99);
}

/* Let the kernel tell the tracer of these calls, and of nothing else. */
static void filter_calls(void)
{
    struct sock_filter program[6 + CALL_COUNT] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        [4 + CALL_COUNT] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        [5 + CALL_COUNT] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
    };
    struct sock_fprog filter = {6 + CALL_COUNT, program};

    for (int n = 0; n < CALL_COUNT; n++)
        program[4 + n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[n].number,
                                                      (uint8_t)(CALL_COUNT - n), 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("prctl");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        fail("seccomp");
}

/* Find a call among those that are watched. */
static const struct call *find_call(uint64_t number)
{
    for (int n = 0; n < CALL_COUNT; n++)
        if (CALLS[n].number == number)
            return &CALLS[n];
    return NULL;
}

/* Read the new name that a thread is about to give. */
static void read_name(pid_t thread, uint64_t address, char *name, size_t size)
{
    char path[64];
    ssize_t length;
    int memory;

    snprintf(path, sizeof path, "/proc/%d/mem", thread);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    length = memory < 0 ? -1 : pread(memory, name, size - 1, (off_t)address);
    if (memory >= 0)
        close(memory);
    name[length < 0 ? 0 : length] = '\0';
}

/* Count a call; end the program where it is the one asked for, or tell that it must wait. */
static int see_call(struct control *control, int log, pid_t program, pid_t thread)
{
    struct __ptrace_syscall_info info;
    const struct call *call;
    char name[4096];
    int64_t target = atomic_load(&control->target);

    if (target == 0 || ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0)
        return 0; /* Nobody asks, or the thread has died meanwhile. */
    call = find_call(info.seccomp.nr);
    if (call == NULL || call->is_rename != (target != HOLD))
        return 0;
    read_name(thread, info.seccomp.args[call->name_at], name, sizeof name);
    if (target == HOLD && strstr(name, control->folder) == NULL)
        return 0;
    dprintf(log, "%s\n", name);
    if (atomic_fetch_add(&control->seen, 1) + 1 == target)
        kill(program, SIGKILL);
    return target == HOLD;
}

/* Let the program run until it ends; give its exit code. */
static int watch(struct control *control, int log, pid_t program)
{
    pid_t held = 0;

    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, held ? __WALL | WNOHANG : __WALL);

        if (held && atomic_load(&control->target) == 0) {
            ptrace(PTRACE_CONT, held, 0, 0);
            held = 0;
        }
        if (thread == 0) {
            usleep(5000);
            continue;
        }
        if (thread < 0)
            fail("waitpid");
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread != program)
                continue;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        int event = status >> 16, number = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP && see_call(control, log, program, thread) && !held) {
            held = thread;
            continue;
        }
        if (event == PTRACE_EVENT_STOP && number != SIGTRAP)
            ptrace(PTRACE_LISTEN, thread, 0, 0);
        else
            ptrace(PTRACE_CONT, thread, 0, event == 0 ? number : 0);
    }
}

int main(int count, char **arguments)
{
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    int ready[2], file, log;
    struct control *control;
    char one = 0;

    if (count < 4 || pipe2(ready, O_CLOEXEC) != 0)
        fail("inject CONTROL LOG PROGRAM ARGUMENT...");
    file = open(arguments[1], O_RDWR | O_CLOEXEC);
    log = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || log < 0 || control == MAP_FAILED)
        fail("control");
    pid_t program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0) {
        if (read(ready[0], &one, 1) != 1)
            _exit(99);
        filter_calls();
        execvp(arguments[3], arguments + 3);
        fail("exec");
    }
    if (ptrace(PTRACE_SEIZE, program, 0, options) != 0) {
        perror("ptrace");
        kill(program, SIGKILL);
        return 99;
    }
    if (write(ready[1], &one, 1) != 1)
        fail("pipe");
    return watch(control, log, program);
}
