/* Records, in order, what a process does to the files under one folder, and can make its disk slow or failing.

   Preloaded (LD_PRELOAD). FAULTS_ROOT: the folder, as an absolute path without links in it. FAULTS_LOG: where records are
   appended. FAULTS_SLOW: microseconds that each write and sync of a file in the folder takes longer. FAULTS_ERROR: a file; while it
   exists its text, the number of an errno, is what each write, sync, creation and rename in the folder fails with.

   A record: kind (1 byte), inode (8), a number (8), two lengths (4 each), two strings of bytes; little-endian.
     C made: path, number 1 for a folder     W written: number is the offset, the bytes     T cut or extended: number is the size
     S synced: number 1 for a folder         R renamed: from, to      L linked: from, to    U unlinked: path    Y all synced
   sendfile and copy_file_range are refused: whoever copies falls back to reading and writing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 4096
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static long slow_us;
static const char *error_file;
static char tracked[MOST_FDS];
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("FAULTS_ROOT"), *log = getenv("FAULTS_LOG"), *slow = getenv("FAULTS_SLOW");
    if (folder == NULL || strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_length = strlen(root);
    if (log != NULL && *log)
        log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    slow_us = slow ? atol(slow) : 0;
    error_file = getenv("FAULTS_ERROR");
}

/* The same from inside a process that was begun with nothing set (a fork of a server): called once, before it does anything. */
void faults_arm(const char *folder, long slow, const char *error) {
    if (strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_length = strlen(root);
    slow_us = slow;
    error_file = *error ? strdup(error) : NULL;
}

static int inside(const char *path) {
    return root_length && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* The absolute path; false when it is too long. */
static int absolute(int folder, const char *path, char *out) {
    char base[PATH_MAX] = "";
    if (path[0] != '/') {
        if (folder == AT_FDCWD) {
            if (getcwd(base, sizeof base) == NULL) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t size = readlink(link, base, sizeof base - 1);
            if (size < 0) return 0;
            base[size] = 0;
        }
    }
    return snprintf(out, PATH_MAX, base[0] ? "%s/%s" : "%s%s", base, path) < PATH_MAX;
}

static void put(char kind, uint64_t inode, uint64_t number, const void *one, uint32_t size_one, const void *two, uint32_t size_two) {
    if (log_fd < 0) return;
    unsigned char head[25];
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &number, 8);
    memcpy(head + 17, &size_one, 4);
    memcpy(head + 21, &size_two, 4);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)one, size_one}, {(void *)two, size_two}};
    syscall(SYS_writev, log_fd, parts, 3);
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0 ? (uint64_t)status.st_ino : 0;
}

/* The disk is slow, or fails: true with errno set. */
static int trouble(void) {
    if (slow_us) usleep((useconds_t)slow_us);
    if (error_file == NULL) return 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, error_file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    char text[16] = "";
    ssize_t size = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    errno = size > 0 ? atoi(text) : EIO;
    return errno != 0;
}

static int is_tracked(int fd) { return fd >= 0 && fd < MOST_FDS && tracked[fd]; }

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    if (!root_length || !absolute(folder, path, full) || !inside(full))
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    if ((flags & (O_CREAT | O_TRUNC)) && trouble()) return -1;
    pthread_mutex_lock(&order);
    struct stat status;
    int existed = syscall(SYS_newfstatat, AT_FDCWD, full, &status, 0) == 0;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    int failure = errno;
    if (fd >= 0) {
        uint64_t inode = inode_of(fd);
        if (!existed) put('C', inode, 0, full, (uint32_t)strlen(full), NULL, 0);
        else if ((flags & O_TRUNC) && S_ISREG(status.st_mode)) put('T', inode, 0, NULL, 0, NULL, 0);
        if (fd < MOST_FDS) tracked[fd] = 1;
    }
    pthread_mutex_unlock(&order);
    errno = failure;
    return fd;
}

#define MODE_OF(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE_OF(flags, mode) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags, mode) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE_OF(flags, mode) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE_OF(flags, mode) return opened(folder, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    if (fd >= 0 && fd < MOST_FDS) tracked[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

/* After a write of `done` bytes that ended at the file's position. */
static void note_synced_flags(int fd, uint64_t inode) {
    long flags = syscall(SYS_fcntl, fd, F_GETFL);
    if (flags >= 0 && (flags & O_DSYNC)) put('S', inode, 0, NULL, 0, NULL, 0);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (!is_tracked(fd)) return syscall(SYS_write, fd, data, size);
    if (trouble()) return -1;
    pthread_mutex_lock(&order);
    ssize_t done = syscall(SYS_write, fd, data, size);
    int failure = errno;
    if (done > 0) {
        off_t end = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        uint64_t inode = inode_of(fd);
        put('W', inode, (uint64_t)(end - done), data, (uint32_t)done, NULL, 0);
        note_synced_flags(fd, inode);
    }
    pthread_mutex_unlock(&order);
    errno = failure;
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    if (!is_tracked(fd)) return syscall(SYS_pwrite64, fd, data, size, offset);
    if (trouble()) return -1;
    pthread_mutex_lock(&order);
    ssize_t done = syscall(SYS_pwrite64, fd, data, size, offset);
    int failure = errno;
    if (done > 0) {
        uint64_t inode = inode_of(fd);
        put('W', inode, (uint64_t)offset, data, (uint32_t)done, NULL, 0);
        note_synced_flags(fd, inode);
    }
    pthread_mutex_unlock(&order);
    errno = failure;
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

/* One part at a time: a part that is cut short ends it, as the manual allows. */
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = pwrite64(fd, parts[i].iov_base, parts[i].iov_len, offset + all);
        if (done < 0) return all ? all : -1;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev64(fd, parts, count, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_tracked(fd)) return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return all ? all : -1;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
    if (is_tracked(out)) { errno = EINVAL; return -1; }
    return syscall(SYS_sendfile, out, in, offset, size);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t size) { return sendfile64(out, in, offset, size); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    if (is_tracked(out)) { errno = ENOSYS; return -1; }
    return syscall(SYS_copy_file_range, in, from, out, to, size, flags);
}

static int sized(int fd, off64_t size) {
    pthread_mutex_lock(&order);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    int failure = errno;
    if (result == 0 && is_tracked(fd)) put('T', inode_of(fd), (uint64_t)size, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}
int ftruncate64(int fd, off64_t size) { return is_tracked(fd) && trouble() ? -1 : sized(fd, size); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int truncate64(const char *path, off64_t size) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = ftruncate64(fd, size), failure = errno;
    close(fd);
    errno = failure;
    return result;
}
int truncate(const char *path, off_t size) { return truncate64(path, size); }
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
    if (is_tracked(fd) && trouble()) return -1;
    pthread_mutex_lock(&order);
    int result = (int)syscall(SYS_fallocate, fd, mode, offset, size);
    int failure = errno;
    struct stat status;
    if (result == 0 && is_tracked(fd) && syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH) == 0)
        put('T', (uint64_t)status.st_ino, (uint64_t)status.st_size, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}
int fallocate(int fd, int mode, off_t offset, off_t size) { return fallocate64(fd, mode, offset, size); }
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return fallocate64(fd, 0, offset, size) == 0 ? 0 : errno; }
int posix_fallocate(int fd, off_t offset, off_t size) { return posix_fallocate64(fd, offset, size); }

static int synced(int fd, long number) {
    if (!is_tracked(fd)) return (int)syscall(number, fd);
    if (trouble()) return -1;
    pthread_mutex_lock(&order);
    /* Nothing here needs the real disk: what counts is the record. */
    struct stat status;
    int result = (int)syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH);
    if (result == 0) put('S', (uint64_t)status.st_ino, S_ISDIR(status.st_mode), NULL, 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
void sync(void) { pthread_mutex_lock(&order); put('Y', 0, 0, NULL, 0, NULL, 0); pthread_mutex_unlock(&order); }
int syncfs(int fd) { (void)fd; sync(); return 0; }

static int moved(char kind, long number, int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char one[PATH_MAX], two[PATH_MAX];
    int ours = root_length && absolute(from_at, from, one) && absolute(to_at, to, two) && (inside(one) || inside(two));
    if (ours && trouble()) return -1;
    pthread_mutex_lock(&order);
    int result = (int)syscall(number, from_at, from, to_at, to, flags);
    int failure = errno;
    if (result == 0 && ours) put(kind, 0, 0, one, (uint32_t)strlen(one), two, (uint32_t)strlen(two));
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}
int rename(const char *from, const char *to) { return moved('R', SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return moved('R', SYS_renameat2, from_at, from, to_at, to, 0); }
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return moved('R', SYS_renameat2, from_at, from, to_at, to, flags);
}
int link(const char *from, const char *to) { return moved('L', SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    return moved('L', SYS_linkat, from_at, from, to_at, to, (unsigned)flags);
}

static int dropped(int folder, const char *path, int flags) {
    char full[PATH_MAX];
    int ours = root_length && absolute(folder, path, full) && inside(full);
    pthread_mutex_lock(&order);
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    int failure = errno;
    if (result == 0 && ours) put('U', 0, 0, full, (uint32_t)strlen(full), NULL, 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}
int unlink(const char *path) { return dropped(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return dropped(folder, path, flags); }
int rmdir(const char *path) { return dropped(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int folder, const char *path, mode_t mode) {
    char full[PATH_MAX];
    int ours = root_length && absolute(folder, path, full) && inside(full);
    if (ours && trouble()) return -1;
    pthread_mutex_lock(&order);
    int result = (int)syscall(SYS_mkdirat, folder, path, mode);
    int failure = errno;
    struct stat status;
    if (result == 0 && ours && syscall(SYS_newfstatat, AT_FDCWD, full, &status, 0) == 0)
        put('C', (uint64_t)status.st_ino, 1, full, (uint32_t)strlen(full), NULL, 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }
