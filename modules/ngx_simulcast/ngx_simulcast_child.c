
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_simulcast_child.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>


#define NGX_SIMULCAST_CHILD_PATH  "/usr/local/bin:/usr/bin:/bin"
#define NGX_SIMULCAST_CHILD_ENV   64        /* variables that are passed on */
#define NGX_SIMULCAST_CHILD_WAIT  100       /* turns of 2 ms, at exit */


typedef enum {
    NGX_SIMULCAST_CHILD_FREE = 0,
    NGX_SIMULCAST_CHILD_RUNNING,
    NGX_SIMULCAST_CHILD_ENDED
} ngx_simulcast_child_state_e;


/* written with SIGCHLD blocked, or by its handler */

typedef struct {
    volatile sig_atomic_t   state;      /* ngx_simulcast_child_state_e */
    volatile sig_atomic_t   pid;
    volatile sig_atomic_t   status;
    volatile sig_atomic_t   released;   /* nobody asks for its end any more */
} ngx_simulcast_child_slot_t;


typedef struct {
    const char     *path;
    char *const    *argv;
    char          **env;
    int             fd[3];
    ngx_pid_t       parent;
    int             limit;              /* of descriptors */
    volatile int    error;              /* of execve(): memory is shared */
} ngx_simulcast_child_exec_t;


static ngx_int_t ngx_simulcast_child_pipe(int *fd, ngx_uint_t ours,
    ngx_log_t *log);
static void ngx_simulcast_child_close(int *fd);
static ngx_int_t ngx_simulcast_child_find(const char *name, char *path,
    size_t size);
static void ngx_simulcast_child_environment(char **env, char *path,
    size_t size);
static ngx_pid_t ngx_simulcast_child_vfork(ngx_simulcast_child_exec_t *x);
static void ngx_simulcast_child_exec(ngx_simulcast_child_exec_t *x)
    __attribute__((noreturn));
static ngx_int_t ngx_simulcast_child_hook(ngx_log_t *log);
static void ngx_simulcast_child_handler(int signo, siginfo_t *info,
    void *context);
static void ngx_simulcast_child_reap(void);
static void ngx_simulcast_child_block(sigset_t *old);
static void ngx_simulcast_child_unblock(sigset_t *old);


static ngx_simulcast_child_slot_t
                         ngx_simulcast_child_slots[NGX_SIMULCAST_CHILD_MAX];

static struct sigaction  ngx_simulcast_child_next;      /* nginx's */
static ngx_uint_t        ngx_simulcast_child_hooked;


/* what ends with "_" is the beginning of names */

static const char  *ngx_simulcast_child_names[] = {
    "HOME",
    "LANG",
    "LC_",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "TZ",
    "XDG_RUNTIME_DIR",

    /* encoders in hardware */

    "CUDA_",
    "LIBVA_",
    "MFX_",
    "NVIDIA_",
    "ONEVPL_",
    NULL
};


ngx_int_t
ngx_simulcast_child_spawn(ngx_simulcast_child_t *child, char *const *argv,
    ngx_log_t *log)
{
    int                          in[2], out[2], err[2];
    char                         path[NGX_MAX_PATH], search[NGX_MAX_PATH];
    char                        *env[NGX_SIMULCAST_CHILD_ENV + 2];
    sigset_t                     set, old;
    ngx_pid_t                    pid;
    ngx_uint_t                   i;
    struct rlimit                rlmt;
    ngx_simulcast_child_slot_t  *slot;
    ngx_simulcast_child_exec_t   x;

    ngx_simulcast_child_environment(env, search, sizeof(search));

    if (ngx_simulcast_child_find(argv[0], path, sizeof(path)) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "simulcast: there is no program \"%s\"", argv[0]);
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_SIMULCAST_CHILD_MAX; i++) {
        if (ngx_simulcast_child_slots[i].state == NGX_SIMULCAST_CHILD_FREE) {
            break;
        }
    }

    if (i == NGX_SIMULCAST_CHILD_MAX) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "simulcast: no more than %d programs run at a time",
                      NGX_SIMULCAST_CHILD_MAX);
        return NGX_ERROR;
    }

    slot = &ngx_simulcast_child_slots[i];

    if (ngx_simulcast_child_hook(log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_simulcast_child_pipe(in, 1, log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_simulcast_child_pipe(out, 0, log) != NGX_OK) {
        ngx_simulcast_child_close(in);
        return NGX_ERROR;
    }

    if (ngx_simulcast_child_pipe(err, 0, log) != NGX_OK) {
        ngx_simulcast_child_close(in);
        ngx_simulcast_child_close(out);
        return NGX_ERROR;
    }

    ngx_memzero(&x, sizeof(ngx_simulcast_child_exec_t));

    x.path = path;
    x.argv = argv;
    x.env = env;
    x.fd[0] = in[0];
    x.fd[1] = out[1];
    x.fd[2] = err[1];
    x.parent = getpid();
    x.limit = 65536;

    if (getrlimit(RLIMIT_NOFILE, &rlmt) == 0 && rlmt.rlim_cur < 1 << 24) {
        x.limit = (int) rlmt.rlim_cur;
    }

    /* no handler of nginx's may run in the child, which shares our memory */

    sigfillset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, &old);

    pid = ngx_simulcast_child_vfork(&x);

    if (pid != -1) {
        slot->pid = pid;
        slot->status = 0;
        slot->released = (x.error != 0);
        slot->state = NGX_SIMULCAST_CHILD_RUNNING;

    } else {
        x.error = ngx_errno;
    }

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    (void) close(in[0]);
    (void) close(out[1]);
    (void) close(err[1]);

    if (x.error) {
        ngx_log_error(NGX_LOG_ERR, log, x.error,
                      "simulcast: \"%s\" cannot be run", path);

        (void) close(in[1]);
        (void) close(out[0]);
        (void) close(err[0]);

        return NGX_ERROR;
    }

    child->pid = pid;
    child->slot = i;
    child->in = in[1];
    child->out = out[0];
    child->err = err[0];

    return NGX_OK;
}


/* neither end is 0, 1 or 2, which the child's dup2() goes over */

static ngx_int_t
ngx_simulcast_child_pipe(int *fd, ngx_uint_t ours, ngx_log_t *log)
{
    int         n;
    ngx_err_t   err;
    ngx_uint_t  i;

    if (pipe2(fd, O_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "simulcast: pipe2() failed");
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {

        if (fd[i] > 2) {
            continue;
        }

        n = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
        if (n == -1) {
            goto failed;
        }

        (void) close(fd[i]);
        fd[i] = n;
    }

    if (ngx_nonblocking(fd[ours]) == -1) {
        goto failed;
    }

    return NGX_OK;

failed:

    err = ngx_errno;
    ngx_simulcast_child_close(fd);

    ngx_log_error(NGX_LOG_ERR, log, err, "simulcast: fcntl() of a pipe failed");

    return NGX_ERROR;
}


static void
ngx_simulcast_child_close(int *fd)
{
    (void) close(fd[0]);
    (void) close(fd[1]);
}


static ngx_int_t
ngx_simulcast_child_find(const char *name, char *path, size_t size)
{
    size_t       len, n;
    const char  *p, *end;

    len = ngx_strlen(name);

    if (ngx_strchr(name, '/')) {

        if (len >= size) {
            return NGX_DECLINED;
        }

        ngx_memcpy(path, name, len + 1);

        return access(path, X_OK) == 0 ? NGX_OK : NGX_DECLINED;
    }

    p = getenv("PATH");

    if (p == NULL || *p == '\0') {

        /* a worker has none unless "env PATH;" says so */

        p = NGX_SIMULCAST_CHILD_PATH;
    }

    for ( ;; ) {

        end = strchrnul(p, ':');
        n = end - p;

        if (n > 0 && n + 1 + len < size) {

            ngx_memcpy(path, p, n);
            path[n] = '/';
            ngx_memcpy(path + n + 1, name, len + 1);

            if (access(path, X_OK) == 0) {
                return NGX_OK;
            }
        }

        if (*end == '\0') {
            return NGX_DECLINED;
        }

        p = end + 1;
    }
}


/*
 * With "env ENCRYPTION_KEY;" in nginx.conf a worker's environment has secrets
 * in it: what is passed on is listed.
 */

static void
ngx_simulcast_child_environment(char **env, char *path, size_t size)
{
    char        **e;
    size_t        len;
    ngx_uint_t    i, n;
    const char   *name, *p;

    p = getenv("PATH");

    if (p == NULL || *p == '\0') {
        p = NGX_SIMULCAST_CHILD_PATH;
    }

    (void) ngx_snprintf((u_char *) path, size, "PATH=%s%Z", p);
    path[size - 1] = '\0';

    n = 0;
    env[n++] = path;

    for (e = environ; e && *e && n <= NGX_SIMULCAST_CHILD_ENV; e++) {

        for (i = 0; ngx_simulcast_child_names[i]; i++) {

            name = ngx_simulcast_child_names[i];
            len = ngx_strlen(name);

            if (ngx_strncmp(*e, name, len) == 0
                && (name[len - 1] == '_' || (*e)[len] == '='))
            {
                env[n++] = *e;
                break;
            }
        }
    }

    env[n] = NULL;
}


/*
 * A worker may have much memory: vfork() copies nothing of it, not even its
 * page tables. The function must not return in the child.
 */

static ngx_pid_t
ngx_simulcast_child_vfork(ngx_simulcast_child_exec_t *x)
{
    ngx_pid_t  pid;

    pid = vfork();

    if (pid == 0) {
        ngx_simulcast_child_exec(x);
    }

    return pid;
}


/* in the child, on the parent's stack: system calls only */

static void
ngx_simulcast_child_exec(ngx_simulcast_child_exec_t *x)
{
    int               i;
    sigset_t          set;
    struct sigaction  sa;

    /* if the parent has died before, that is too late */

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1
        || getppid() != x->parent)
    {
        _exit(127);
    }

    (void) setpgid(0, 0);

    for (i = 0; i < 3; i++) {
        if (dup2(x->fd[i], i) == -1) {
            x->error = ngx_errno;
            _exit(127);
        }
    }

    /* Linux 5.9 */

    if (syscall(SYS_close_range, 3, ~0U, 0) == -1) {
        for (i = 3; i < x->limit; i++) {
            (void) close(i);
        }
    }

    /* what is ignored would stay so over execve() */

    ngx_memzero(&sa, sizeof(struct sigaction));
    sa.sa_handler = SIG_DFL;

    for (i = 1; i < NSIG; i++) {
        (void) sigaction(i, &sa, NULL);
    }

    sigemptyset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    (void) execve(x->path, x->argv, x->env);

    x->error = ngx_errno;

    _exit(127);
}


ngx_int_t
ngx_simulcast_child_signal(ngx_simulcast_child_t *child, int signo)
{
    sigset_t                     old;
    ngx_int_t                    rc;
    ngx_simulcast_child_slot_t  *slot;

    rc = NGX_DECLINED;
    slot = &ngx_simulcast_child_slots[child->slot];

    ngx_simulcast_child_block(&old);

    if (slot->state == NGX_SIMULCAST_CHILD_RUNNING
        && kill(-child->pid, signo) == 0)
    {
        rc = NGX_OK;
    }

    ngx_simulcast_child_unblock(&old);

    return rc;
}


ngx_int_t
ngx_simulcast_child_ended(ngx_simulcast_child_t *child, int *status)
{
    ngx_simulcast_child_slot_t  *slot;

    slot = &ngx_simulcast_child_slots[child->slot];

    if (slot->state != NGX_SIMULCAST_CHILD_ENDED) {
        return NGX_AGAIN;
    }

    *status = slot->status;

    return NGX_OK;
}


void
ngx_simulcast_child_release(ngx_simulcast_child_t *child)
{
    sigset_t                     old;
    ngx_simulcast_child_slot_t  *slot;

    slot = &ngx_simulcast_child_slots[child->slot];

    ngx_simulcast_child_block(&old);

    if (slot->state == NGX_SIMULCAST_CHILD_ENDED) {
        slot->state = NGX_SIMULCAST_CHILD_FREE;

    } else {
        slot->released = 1;
    }

    ngx_simulcast_child_unblock(&old);
}


void
ngx_simulcast_child_exit(void)
{
    sigset_t                     old;
    ngx_uint_t                   i, n, turn;
    struct sigaction             sa;
    ngx_simulcast_child_slot_t  *slot;

    if (!ngx_simulcast_child_hooked) {
        return;
    }

    ngx_simulcast_child_block(&old);

    for (turn = 0; turn < NGX_SIMULCAST_CHILD_WAIT; turn++) {

        n = 0;

        for (i = 0; i < NGX_SIMULCAST_CHILD_MAX; i++) {
            slot = &ngx_simulcast_child_slots[i];

            if (slot->state == NGX_SIMULCAST_CHILD_RUNNING) {
                (void) kill(-slot->pid, SIGKILL);
                n++;
            }
        }

        if (n == 0) {
            break;
        }

        /* what is killed is gone at once, unless it waits for a device */

        if (turn) {
            ngx_msleep(2);
        }

        ngx_simulcast_child_reap();
    }

    /* ours takes what is pending: nginx's would log that nobody is there */

    ngx_simulcast_child_unblock(&old);

    /* not if another module has put its own before ours: it would be lost */

    if (sigaction(SIGCHLD, NULL, &sa) == 0
        && (sa.sa_flags & SA_SIGINFO)
        && sa.sa_sigaction == ngx_simulcast_child_handler)
    {
        (void) sigaction(SIGCHLD, &ngx_simulcast_child_next, NULL);
    }

    ngx_simulcast_child_hooked = 0;
}


static ngx_int_t
ngx_simulcast_child_hook(ngx_log_t *log)
{
    struct sigaction  sa;

    if (ngx_simulcast_child_hooked) {
        return NGX_OK;
    }

    if (sigaction(SIGCHLD, NULL, &ngx_simulcast_child_next) == -1) {
        goto failed;
    }

    ngx_memzero(&sa, sizeof(struct sigaction));

    sa.sa_sigaction = ngx_simulcast_child_handler;
    sa.sa_flags = SA_SIGINFO;
    sigemptyset(&sa.sa_mask);

    if (sigaction(SIGCHLD, &sa, NULL) == -1) {
        goto failed;
    }

    ngx_simulcast_child_hooked = 1;

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                  "simulcast: sigaction(SIGCHLD) failed");

    return NGX_ERROR;
}


static void
ngx_simulcast_child_handler(int signo, siginfo_t *info, void *context)
{
    siginfo_t         other;
    ngx_err_t         err;
    struct sigaction  *next;

    err = ngx_errno;

    ngx_simulcast_child_reap();

    ngx_memzero(&other, sizeof(siginfo_t));

    if (waitid(P_ALL, 0, &other, WEXITED|WNOHANG|WNOWAIT) == 0
        && other.si_pid != 0)
    {
        next = &ngx_simulcast_child_next;

        if (next->sa_flags & SA_SIGINFO) {
            next->sa_sigaction(signo, info, context);

        } else if (next->sa_handler != SIG_DFL
                   && next->sa_handler != SIG_IGN)
        {
            next->sa_handler(signo);
        }

        /* it waits for any child, so also for ours that have just ended */

        ngx_simulcast_child_reap();
    }

    ngx_set_errno(err);
}


/* system calls only: runs in the handler, or with its signal blocked */

static void
ngx_simulcast_child_reap(void)
{
    int                          status;
    pid_t                        pid;
    siginfo_t                    info;
    ngx_uint_t                   i;
    ngx_simulcast_child_slot_t  *slot;

    for (i = 0; i < NGX_SIMULCAST_CHILD_MAX; i++) {
        slot = &ngx_simulcast_child_slots[i];

        if (slot->state != NGX_SIMULCAST_CHILD_RUNNING) {
            continue;
        }

        pid = slot->pid;
        status = 0;

        ngx_memzero(&info, sizeof(siginfo_t));

        if (waitid(P_PID, pid, &info, WEXITED|WNOHANG|WNOWAIT) == 0) {

            if (info.si_pid == 0) {
                continue;
            }

            /*
             * While it is not waited for, its pid names its group and no other:
             * what it has left behind goes with it.
             */

            (void) kill(-pid, SIGKILL);
            (void) waitpid(pid, &status, WNOHANG);

        } else if (ngx_errno != ECHILD) {
            continue;
        }

        slot->status = status;
        slot->state = slot->released ? NGX_SIMULCAST_CHILD_FREE
                                     : NGX_SIMULCAST_CHILD_ENDED;
    }
}


static void
ngx_simulcast_child_block(sigset_t *old)
{
    sigset_t  set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);

    (void) sigprocmask(SIG_BLOCK, &set, old);
}


static void
ngx_simulcast_child_unblock(sigset_t *old)
{
    (void) sigprocmask(SIG_SETMASK, old, NULL);
}
