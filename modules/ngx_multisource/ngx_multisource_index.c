
/*
 * Copyright (C) the ngx_live contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_multisource_cadence.h"
#include "ngx_multisource_index.h"

#include <sys/file.h>
#include <sys/mman.h>


#define NGX_MULTISOURCE_INDEX_MAGIC     0x6d73696e64657801ULL   /* layout 1 */

/* structures of another build are another layout */
#define NGX_MULTISOURCE_INDEX_LAYOUT                                          \
    ((uint64_t) sizeof(ngx_multisource_index_head_t) << 32                    \
     | (uint64_t) sizeof(ngx_multisource_index_segment_slot_t) << 16          \
     | (uint64_t) sizeof(ngx_multisource_index_part_slot_t))

#define NGX_MULTISOURCE_INDEX_TRIES     32

/*
 * Slots of the ring of segments that are left free at each commit, so that a
 * change of a few segments overwrites nothing that readers still see.
 */
#define NGX_MULTISOURCE_INDEX_SPARE     8

#define NGX_MULTISOURCE_INDEX_MIN_SEGMENTS  32
#define NGX_MULTISOURCE_INDEX_MIN_PARTS     64
#define NGX_MULTISOURCE_INDEX_MAX_RING      (1 << 24)

/* numbers beyond are damage: nothing that is computed with them overflows */
#define NGX_MULTISOURCE_INDEX_MAX_NUMBER    (1ULL << 60)
#define NGX_MULTISOURCE_INDEX_MAX_SECONDS   3600    /* target duration */

#define NGX_MULTISOURCE_INDEX_EPOCH_LEN     11      /* hex digits */
#define NGX_MULTISOURCE_INDEX_MAX_EPOCH     (1ULL << 44)

#define NGX_MULTISOURCE_INDEX_ACCESS        0644
#define NGX_MULTISOURCE_INDEX_PATH_MAX      4096
#define NGX_MULTISOURCE_INDEX_NEW_FILE      ".new"


/*
 * A record is valid while its tag is its number plus 1. The tag is taken away
 * before the record is changed: who reads it looks at the tag before and after.
 */

typedef struct {
    uint64_t                         tag;
    ngx_multisource_index_segment_t  segment;

    /* for expire(): as it was when this segment had just been completed */

    uint64_t                         list;      /* ticks, of all on the list */
    uint64_t                         first;     /* that stayed there */
} ngx_multisource_index_segment_slot_t;


typedef struct {
    uint64_t                         tag;
    ngx_multisource_index_part_t     part;
} ngx_multisource_index_part_slot_t;


typedef struct {
    uint64_t                         magic;
    uint64_t                         layout;
    uint64_t                         size;          /* of the file */
    uint64_t                         nsegments;
    uint64_t                         nparts;
} ngx_multisource_index_start_t;


/* the file; after it the ring of segments, and that of parts */

typedef struct {
    ngx_multisource_index_start_t    start;
    uint64_t                         unused[3];     /* a cache line */
    uint64_t                         sequence;
    uint64_t                         unused2[7];
    ngx_multisource_index_head_t     heads[2];
} ngx_multisource_index_file_t;


static void ngx_multisource_index_release(ngx_multisource_index_t *index);
static uint64_t ngx_multisource_index_size(uint64_t nsegments,
    uint64_t nparts);
static ngx_int_t ngx_multisource_index_map(ngx_multisource_index_t *index,
    ngx_fd_t fd, int protection);
static ngx_multisource_index_segment_slot_t *
    ngx_multisource_index_segment_slot(ngx_multisource_index_t *index,
    uint64_t msn);
static ngx_multisource_index_part_slot_t *ngx_multisource_index_part_slot(
    ngx_multisource_index_t *index, uint64_t number);
static ngx_int_t ngx_multisource_index_read_segment(
    ngx_multisource_index_t *index, uint64_t msn,
    ngx_multisource_index_segment_t *segment);
static ngx_int_t ngx_multisource_index_read_part(
    ngx_multisource_index_t *index, uint64_t number,
    ngx_multisource_index_part_t *part);
static void ngx_multisource_index_write_segment(
    ngx_multisource_index_t *index,
    const ngx_multisource_index_segment_t *segment, uint64_t list,
    uint64_t first);
static void ngx_multisource_index_write_part(ngx_multisource_index_t *index,
    const ngx_multisource_index_part_t *part);
static ngx_int_t ngx_multisource_index_check(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head);
static ngx_int_t ngx_multisource_index_check_text(const u_char *text,
    size_t size, ngx_uint_t name);
static ngx_int_t ngx_multisource_index_read(ngx_multisource_index_t *index,
    ngx_multisource_index_snapshot_t *snapshot, ngx_log_t *log);
static ngx_int_t ngx_multisource_index_read_parts(
    ngx_multisource_index_t *index, ngx_multisource_index_snapshot_t *snapshot,
    ngx_log_t *log);
static ngx_int_t ngx_multisource_index_check_parts(
    const ngx_multisource_index_snapshot_t *snapshot,
    const ngx_multisource_index_segment_t *segment);
static void *ngx_multisource_index_room(void *old, size_t *size, size_t need,
    ngx_log_t *log);
static ngx_int_t ngx_multisource_index_lock(ngx_fd_t fd);
static ngx_int_t ngx_multisource_index_same(ngx_fd_t fd, const char *path);
static ngx_int_t ngx_multisource_index_allocate(ngx_fd_t fd, uint64_t size);
static ngx_int_t ngx_multisource_index_make_once(
    ngx_multisource_index_t *index, const char *path, uint64_t nsegments,
    uint64_t nparts);
static ngx_int_t ngx_multisource_index_create(ngx_multisource_index_t *index,
    ngx_multisource_index_t *old, ngx_uint_t exists, const char *path,
    uint64_t nsegments, uint64_t nparts);
static ngx_int_t ngx_multisource_index_transfer(
    ngx_multisource_index_t *index, ngx_multisource_index_t *old);
static void ngx_multisource_index_publish(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head);
static uint64_t ngx_multisource_index_duration(ngx_multisource_index_t *index,
    uint64_t msn);
static uint64_t ngx_multisource_index_kept(
    const ngx_multisource_index_head_t *head);
static u_char *ngx_multisource_index_name_epoch(u_char *p, uint64_t epoch);
static u_char *ngx_multisource_index_parse_number(u_char *p, u_char *last,
    uint64_t *number);


ngx_int_t
ngx_multisource_index_open(ngx_multisource_index_t *index, const char *path,
    ngx_log_t *log)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;
    ngx_err_t  err;

    /* whatever stands there, a worker does not wait for it */

    fd = open(path, O_RDONLY|O_NONBLOCK|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {
        err = ngx_errno;

        if (err == NGX_ENOENT || err == NGX_ENOTDIR) {
            return NGX_DECLINED;
        }

        ngx_log_error(NGX_LOG_ERR, log, err,
                      "multisource: open() \"%s\" failed", path);
        return NGX_ERROR;
    }

    rc = ngx_multisource_index_map(index, fd, PROT_READ);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "multisource: cannot map \"%s\"", path);
    }

    /* the mapping keeps the file */

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "multisource: close() \"%s\" failed", path);
    }

    index->fd = NGX_INVALID_FILE;

    return rc;
}


ngx_uint_t
ngx_multisource_index_replaced(ngx_multisource_index_t *index,
    const char *path)
{
    struct stat  sb;

    return stat(path, &sb) == -1
           || sb.st_dev != index->device
           || sb.st_ino != index->inode;
}


void
ngx_multisource_index_close(ngx_multisource_index_t *index)
{
    /* a zeroed one has descriptor 0, which is another's */

    if (index->data) {
        ngx_multisource_index_release(index);
    }
}


static void
ngx_multisource_index_release(ngx_multisource_index_t *index)
{
    if (index->data) {
        (void) munmap(index->data, index->size);
        index->data = NULL;
    }

    if (index->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(index->fd);
        index->fd = NGX_INVALID_FILE;
    }
}


static uint64_t
ngx_multisource_index_size(uint64_t nsegments, uint64_t nparts)
{
    return sizeof(ngx_multisource_index_file_t)
           + nsegments * sizeof(ngx_multisource_index_segment_slot_t)
           + nparts * sizeof(ngx_multisource_index_part_slot_t);
}


/*
 * NGX_DECLINED: it is no index, or not all of one. What tells the size is read
 * once, and not believed to stay as it is.
 */

static ngx_int_t
ngx_multisource_index_map(ngx_multisource_index_t *index, ngx_fd_t fd,
    int protection)
{
    ssize_t                         n;
    struct stat                     sb;
    ngx_multisource_index_start_t   start;

    index->fd = fd;
    index->data = NULL;

    if (fstat(fd, &sb) == -1) {
        return NGX_ERROR;
    }

    if (!S_ISREG(sb.st_mode)) {
        return NGX_DECLINED;
    }

    n = pread(fd, &start, sizeof(ngx_multisource_index_start_t), 0);

    if (n == -1) {
        return NGX_ERROR;
    }

    if (n != sizeof(ngx_multisource_index_start_t)
        || start.magic != NGX_MULTISOURCE_INDEX_MAGIC
        || start.layout != NGX_MULTISOURCE_INDEX_LAYOUT
        || start.nsegments < NGX_MULTISOURCE_INDEX_MIN_SEGMENTS
        || start.nsegments > NGX_MULTISOURCE_INDEX_MAX_RING
        || start.nparts < NGX_MULTISOURCE_INDEX_MIN_PARTS
        || start.nparts > NGX_MULTISOURCE_INDEX_MAX_RING
        || start.size != ngx_multisource_index_size(start.nsegments,
                                                    start.nparts)
        || start.size != (uint64_t) sb.st_size)
    {
        return NGX_DECLINED;
    }

    index->data = mmap(NULL, start.size, protection, MAP_SHARED, fd, 0);

    if (index->data == MAP_FAILED) {
        index->data = NULL;
        return NGX_ERROR;
    }

    index->size = start.size;
    index->nsegments = start.nsegments;
    index->nparts = start.nparts;
    index->device = sb.st_dev;
    index->inode = sb.st_ino;

    return NGX_OK;
}


static ngx_multisource_index_segment_slot_t *
ngx_multisource_index_segment_slot(ngx_multisource_index_t *index,
    uint64_t msn)
{
    ngx_multisource_index_segment_slot_t  *slots;

    slots = (ngx_multisource_index_segment_slot_t *)
                (index->data + sizeof(ngx_multisource_index_file_t));

    return &slots[msn % index->nsegments];
}


static ngx_multisource_index_part_slot_t *
ngx_multisource_index_part_slot(ngx_multisource_index_t *index,
    uint64_t number)
{
    ngx_multisource_index_part_slot_t  *slots;

    slots = (ngx_multisource_index_part_slot_t *)
                (index->data + ngx_multisource_index_size(index->nsegments,
                                                          0));

    return &slots[number % index->nparts];
}


/* NGX_DECLINED: this record is not there, or is just being overwritten */

static ngx_int_t
ngx_multisource_index_read_segment(ngx_multisource_index_t *index,
    uint64_t msn, ngx_multisource_index_segment_t *segment)
{
    ngx_multisource_index_segment_slot_t  *slot;

    slot = ngx_multisource_index_segment_slot(index, msn);

    if (__atomic_load_n(&slot->tag, __ATOMIC_ACQUIRE) != msn + 1) {
        return NGX_DECLINED;
    }

    *segment = slot->segment;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    if (__atomic_load_n(&slot->tag, __ATOMIC_RELAXED) != msn + 1
        || segment->msn != msn
        || segment->epoch >= NGX_MULTISOURCE_INDEX_MAX_EPOCH
        || segment->dsn >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || segment->part >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || segment->bytes >= NGX_MULTISOURCE_INDEX_MAX_NUMBER)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_multisource_index_read_part(ngx_multisource_index_t *index,
    uint64_t number, ngx_multisource_index_part_t *part)
{
    ngx_multisource_index_part_slot_t  *slot;

    slot = ngx_multisource_index_part_slot(index, number);

    if (__atomic_load_n(&slot->tag, __ATOMIC_ACQUIRE) != number + 1) {
        return NGX_DECLINED;
    }

    *part = slot->part;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    if (__atomic_load_n(&slot->tag, __ATOMIC_RELAXED) != number + 1
        || part->number != number
        || part->offset >= NGX_MULTISOURCE_INDEX_MAX_NUMBER)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_multisource_index_write_segment(ngx_multisource_index_t *index,
    const ngx_multisource_index_segment_t *segment, uint64_t list,
    uint64_t first)
{
    ngx_multisource_index_segment_slot_t  *slot;

    slot = ngx_multisource_index_segment_slot(index, segment->msn);

    __atomic_store_n(&slot->tag, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);

    slot->segment = *segment;
    slot->list = list;
    slot->first = first;

    __atomic_store_n(&slot->tag, segment->msn + 1, __ATOMIC_RELEASE);
}


static void
ngx_multisource_index_write_part(ngx_multisource_index_t *index,
    const ngx_multisource_index_part_t *part)
{
    ngx_multisource_index_part_slot_t  *slot;

    slot = ngx_multisource_index_part_slot(index, part->number);

    __atomic_store_n(&slot->tag, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);

    slot->part = *part;

    __atomic_store_n(&slot->tag, part->number + 1, __ATOMIC_RELEASE);
}


/* what comes from a file, before anything is done with it */

static ngx_int_t
ngx_multisource_index_check(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head)
{
    ngx_uint_t                              i;
    const ngx_multisource_index_segment_t  *current;

    current = &head->current;

    if (head->state > NGX_MULTISOURCE_INDEX_ENDED
        || head->target_duration > NGX_MULTISOURCE_INDEX_MAX_SECONDS
        || head->part_target
           > NGX_MULTISOURCE_INDEX_MAX_SECONDS * NGX_MULTISOURCE_HZ
        || head->epoch >= NGX_MULTISOURCE_INDEX_MAX_EPOCH
        || head->open >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || head->first > head->open
        || head->oldest > head->first
        || head->open - head->oldest > index->nsegments
        || head->next_part >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || head->nreports > NGX_MULTISOURCE_INDEX_REPORTS)
    {
        return NGX_DECLINED;
    }

    if (head->state != NGX_MULTISOURCE_INDEX_NEW
        && (head->target_duration == 0 || head->part_target == 0)
        && (head->state != NGX_MULTISOURCE_INDEX_ENDED
            || head->first != head->open || head->current.parts))
    {
        return NGX_DECLINED;
    }

    if (current->msn != head->open
        || current->epoch != head->epoch
        || current->dsn >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || current->bytes >= NGX_MULTISOURCE_INDEX_MAX_NUMBER
        || current->part > head->next_part
        || current->parts != head->next_part - current->part)
    {
        return NGX_DECLINED;
    }

    if (ngx_multisource_index_check_text(head->streams.codecs,
                                         NGX_MULTISOURCE_INDEX_CODECS, 0)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < head->nreports; i++) {
        if (ngx_multisource_index_check_text(head->reports[i].source,
                                             NGX_MULTISOURCE_NAME_MAX + 1, 1)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* NUL-terminated, and nothing in it that ends a quoted string or a line */

static ngx_int_t
ngx_multisource_index_check_text(const u_char *text, size_t size,
    ngx_uint_t name)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < size; i++) {
        ch = text[i];

        if (ch == '\0') {
            return (name && i == 0) ? NGX_DECLINED : NGX_OK;
        }

        if (name
            ? !((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
                || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-')
            : (ch <= ' ' || ch >= 0x7f || ch == '"'))
        {
            return NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


uint64_t
ngx_multisource_index_sequence(ngx_multisource_index_t *index)
{
    ngx_multisource_index_file_t  *file;

    file = (ngx_multisource_index_file_t *) index->data;

    return __atomic_load_n(&file->sequence, __ATOMIC_ACQUIRE);
}


ngx_int_t
ngx_multisource_index_head(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, uint64_t *sequence)
{
    uint64_t                       before, after;
    ngx_uint_t                     n;
    ngx_multisource_index_file_t  *file;

    file = (ngx_multisource_index_file_t *) index->data;

    for (n = 0; n < NGX_MULTISOURCE_INDEX_TRIES; n++) {

        before = __atomic_load_n(&file->sequence, __ATOMIC_ACQUIRE);

        *head = file->heads[before & 1];

        __atomic_thread_fence(__ATOMIC_ACQUIRE);

        after = __atomic_load_n(&file->sequence, __ATOMIC_RELAXED);

        if (before == after) {

            if (before == 0) {
                ngx_memzero(head, sizeof(ngx_multisource_index_head_t));
            }

            if (sequence) {
                *sequence = before;
            }

            return ngx_multisource_index_check(index, head);
        }

        ngx_cpu_pause();
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_multisource_index_snapshot(ngx_multisource_index_t *index,
    ngx_multisource_index_snapshot_t *snapshot, ngx_log_t *log)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; n < NGX_MULTISOURCE_INDEX_TRIES; n++) {

        rc = ngx_multisource_index_head(index, &snapshot->head,
                                        &snapshot->sequence);

        if (rc == NGX_OK) {
            rc = ngx_multisource_index_read(index, snapshot, log);
        }

        if (rc != NGX_DECLINED) {
            return rc;
        }

        /* broken, unless a writer was faster than this */

        if (ngx_multisource_index_sequence(index) == snapshot->sequence) {
            return NGX_DECLINED;
        }
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_multisource_index_read(ngx_multisource_index_t *index,
    ngx_multisource_index_snapshot_t *snapshot, ngx_log_t *log)
{
    void                             *room;
    uint64_t                          dsn, part;
    ngx_uint_t                        i;
    ngx_multisource_index_head_t     *head;
    ngx_multisource_index_segment_t  *segment;

    head = &snapshot->head;

    snapshot->nsegments = head->open - head->first;
    snapshot->nparts = 0;

    room = ngx_multisource_index_room(snapshot->segments,
                                      &snapshot->segments_size,
                                      snapshot->nsegments
                                      * sizeof(ngx_multisource_index_segment_t),
                                      log);
    if (room == NULL) {
        snapshot->nsegments = 0;
        return NGX_ERROR;
    }

    snapshot->segments = room;

    /* from the end, where the head tells what comes before it */

    dsn = head->current.dsn;
    part = head->current.part;

    for (i = snapshot->nsegments; i; i--) {
        segment = &snapshot->segments[i - 1];

        if (ngx_multisource_index_read_segment(index, head->first + i - 1,
                                               segment)
            != NGX_OK
            || segment->dsn > dsn
            || segment->part > part
            || segment->parts != part - segment->part)
        {
            snapshot->nsegments = 0;
            return NGX_DECLINED;
        }

        dsn = segment->dsn;
        part = segment->part;
    }

    return ngx_multisource_index_read_parts(index, snapshot, log);
}


static ngx_int_t
ngx_multisource_index_read_parts(ngx_multisource_index_t *index,
    ngx_multisource_index_snapshot_t *snapshot, ngx_log_t *log)
{
    void                             *room;
    uint64_t                          from, end, limit;
    ngx_uint_t                        i, n;
    ngx_multisource_index_head_t     *head;
    ngx_multisource_index_segment_t  *segment;

    head = &snapshot->head;

    from = head->current.part;
    end = head->current.duration;
    limit = 3ULL * head->target_duration * NGX_MULTISOURCE_HZ;

    for (i = snapshot->nsegments; i && end <= limit; i--) {
        segment = &snapshot->segments[i - 1];

        from = segment->part;
        end += segment->duration;
    }

    if (head->next_part - from > index->nparts) {
        from = head->next_part - index->nparts;
    }

    n = head->next_part - from;

    room = ngx_multisource_index_room(snapshot->parts, &snapshot->parts_size,
                                      n * sizeof(ngx_multisource_index_part_t),
                                      log);
    if (room == NULL) {
        return NGX_ERROR;
    }

    snapshot->parts = room;

    /* the oldest may be overwritten by now, in a ring that is too small */

    for (i = n; i; i--) {
        if (ngx_multisource_index_read_part(index, from + i - 1,
                                            &snapshot->parts[i - 1])
            != NGX_OK)
        {
            break;
        }
    }

    if (i) {
        ngx_memmove(snapshot->parts, snapshot->parts + i,
                    (n - i) * sizeof(ngx_multisource_index_part_t));
    }

    snapshot->nparts = n - i;

    if (ngx_multisource_index_check_parts(snapshot, &head->current)
        != NGX_OK)
    {
        snapshot->nparts = 0;
        return NGX_DECLINED;
    }

    for (i = snapshot->nsegments; i; i--) {
        segment = &snapshot->segments[i - 1];

        if (snapshot->nparts == 0
            || segment->part < snapshot->parts[0].number)
        {
            break;
        }

        if (ngx_multisource_index_check_parts(snapshot, segment) != NGX_OK) {
            snapshot->nparts = 0;
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* the parts of a segment fill its file, one after the other */

static ngx_int_t
ngx_multisource_index_check_parts(
    const ngx_multisource_index_snapshot_t *snapshot,
    const ngx_multisource_index_segment_t *segment)
{
    uint64_t                             offset;
    ngx_uint_t                           i;
    const ngx_multisource_index_part_t  *part;

    if (segment->parts == 0
        || snapshot->nparts == 0
        || segment->part < snapshot->parts[0].number)
    {
        return NGX_OK;
    }

    part = &snapshot->parts[segment->part - snapshot->parts[0].number];
    offset = 0;

    for (i = 0; i < segment->parts; i++, part++) {
        if (part->offset != offset) {
            return NGX_DECLINED;
        }

        offset += part->bytes;
    }

    return offset == segment->bytes ? NGX_OK : NGX_DECLINED;
}


/* with some more, so that it is not asked for at each segment */

static void *
ngx_multisource_index_room(void *old, size_t *size, size_t need,
    ngx_log_t *log)
{
    void  *room;

    if (old && *size >= need) {
        return old;
    }

    need += need / 4 + 1024;

    room = ngx_alloc(need, log);
    if (room == NULL) {
        return NULL;
    }

    /* what it held is read again */

    if (old) {
        ngx_free(old);
    }

    *size = need;

    return room;
}


void
ngx_multisource_index_forget(ngx_multisource_index_snapshot_t *snapshot)
{
    if (snapshot->segments) {
        ngx_free(snapshot->segments);
    }

    if (snapshot->parts) {
        ngx_free(snapshot->parts);
    }

    ngx_memzero(snapshot, sizeof(ngx_multisource_index_snapshot_t));
}


ngx_int_t
ngx_multisource_index_find(ngx_multisource_index_t *index, uint64_t msn,
    ngx_multisource_index_segment_t *segment)
{
    ngx_int_t                     rc;
    ngx_multisource_index_head_t  head;

    rc = ngx_multisource_index_head(index, &head, NULL);

    if (rc != NGX_OK) {
        return rc;
    }

    if (msn == head.open) {
        *segment = head.current;
        return segment->parts ? NGX_OK : NGX_DECLINED;
    }

    if (msn < head.oldest || msn > head.open) {
        return NGX_DECLINED;
    }

    return ngx_multisource_index_read_segment(index, msn, segment);
}


ngx_int_t
ngx_multisource_index_find_part(ngx_multisource_index_t *index, uint64_t msn,
    ngx_uint_t part, ngx_multisource_index_segment_t *segment,
    ngx_multisource_index_part_t *out)
{
    ngx_int_t  rc;

    rc = ngx_multisource_index_find(index, msn, segment);

    if (rc != NGX_OK) {
        return rc;
    }

    if (part >= segment->parts) {
        return NGX_DECLINED;
    }

    rc = ngx_multisource_index_read_part(index, segment->part + part, out);

    if (rc != NGX_OK) {
        return rc;
    }

    return out->offset + out->bytes <= segment->bytes ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_multisource_index_find_keyed(ngx_multisource_index_t *index,
    ngx_multisource_index_segment_t *segment,
    ngx_multisource_index_part_t *out)
{
    uint64_t                      msn;
    ngx_int_t                     rc;
    ngx_multisource_index_head_t  head;

    rc = ngx_multisource_index_head(index, &head, NULL);

    if (rc != NGX_OK) {
        return rc;
    }

    *segment = head.current;

    for (msn = head.open; ; ) {

        if (segment->parts
            && (segment->flags & NGX_MULTISOURCE_INDEX_INDEPENDENT)
            && ngx_multisource_index_read_part(index, segment->part, out)
               == NGX_OK
            && (out->flags & NGX_MULTISOURCE_INDEX_INDEPENDENT)
            && !(out->flags & NGX_MULTISOURCE_INDEX_GAP)
            && out->bytes
            && out->offset + out->bytes <= segment->bytes)
        {
            return NGX_OK;
        }

        /* what is older may just be overwritten */

        if (msn-- == head.oldest
            || ngx_multisource_index_read_segment(index, msn, segment)
               != NGX_OK
            || segment->epoch != head.epoch)
        {
            return NGX_DECLINED;
        }
    }
}


ngx_int_t
ngx_multisource_index_last(const ngx_multisource_index_head_t *head,
    uint64_t *msn, uint32_t *part)
{
    if (head->current.parts) {
        *msn = head->open;
        *part = head->current.parts - 1;
        return NGX_OK;
    }

    if (head->first < head->open && head->last_parts) {
        *msn = head->open - 1;
        *part = head->last_parts - 1;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_index_lock(ngx_fd_t fd)
{
    while (flock(fd, LOCK_EX) == -1) {
        if (ngx_errno != NGX_EINTR) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED: the path is that of another file, or of none */

static ngx_int_t
ngx_multisource_index_same(ngx_fd_t fd, const char *path)
{
    struct stat  opened, there;

    if (fstat(fd, &opened) == -1) {
        return NGX_ERROR;
    }

    if (stat(path, &there) == -1) {
        return ngx_errno == NGX_ENOENT ? NGX_DECLINED : NGX_ERROR;
    }

    return opened.st_dev == there.st_dev && opened.st_ino == there.st_ino
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_multisource_index_allocate(ngx_fd_t fd, uint64_t size)
{
    int  err;

    do {
        err = posix_fallocate(fd, 0, (off_t) size);
    } while (err == NGX_EINTR);

    if (err) {
        ngx_set_errno(err);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_multisource_index_make(ngx_multisource_index_t *index, const char *path,
    ngx_uint_t nsegments, ngx_uint_t nparts)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    nsegments = ngx_max(nsegments, NGX_MULTISOURCE_INDEX_MIN_SEGMENTS);
    nparts = ngx_max(nparts, NGX_MULTISOURCE_INDEX_MIN_PARTS);

    if (nsegments > NGX_MULTISOURCE_INDEX_MAX_RING
        || nparts > NGX_MULTISOURCE_INDEX_MAX_RING)
    {
        ngx_set_errno(NGX_EINVAL);
        return NGX_ERROR;
    }

    index->fd = NGX_INVALID_FILE;
    index->data = NULL;

    for (n = 0; n < NGX_MULTISOURCE_INDEX_TRIES; n++) {

        rc = ngx_multisource_index_make_once(index, path, nsegments, nparts);

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }

    ngx_set_errno(NGX_EBUSY);

    return NGX_ERROR;
}


/* NGX_AGAIN: somebody else has made, replaced or removed it meanwhile */

static ngx_int_t
ngx_multisource_index_make_once(ngx_multisource_index_t *index,
    const char *path, uint64_t nsegments, uint64_t nparts)
{
    ngx_fd_t                      fd;
    ngx_int_t                     rc;
    ngx_err_t                     err;
    ngx_multisource_index_t       old;
    ngx_multisource_index_head_t  head;

    fd = open(path, O_RDWR|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {

        if (ngx_errno != NGX_ENOENT) {
            return NGX_ERROR;
        }

        return ngx_multisource_index_create(index, NULL, 0, path, nsegments,
                                            nparts);
    }

    old.fd = fd;
    old.data = NULL;

    if (ngx_multisource_index_lock(fd) != NGX_OK) {
        rc = NGX_ERROR;
        goto done;
    }

    rc = ngx_multisource_index_same(fd, path);

    if (rc != NGX_OK) {
        rc = (rc == NGX_DECLINED) ? NGX_AGAIN : rc;
        goto done;
    }

    rc = ngx_multisource_index_map(&old, fd, PROT_READ|PROT_WRITE);

    if (rc == NGX_ERROR) {
        goto done;
    }

    if (rc == NGX_OK) {
        rc = ngx_multisource_index_head(&old, &head, NULL);
    }

    if (rc != NGX_OK) {
        rc = ngx_multisource_index_create(index, NULL, 1, path, nsegments,
                                          nparts);
        goto done;
    }

    if (old.nsegments < nsegments || old.nparts < nparts) {
        rc = ngx_multisource_index_create(index, &old, 1, path,
                                          ngx_max(old.nsegments, nsegments),
                                          ngx_max(old.nparts, nparts));
        goto done;
    }

    /* it may have been copied by something that leaves holes */

    if (ngx_multisource_index_allocate(fd, old.size) != NGX_OK) {
        rc = NGX_ERROR;
        goto done;
    }

    (void) flock(fd, LOCK_UN);

    *index = old;

    return NGX_OK;

done:

    err = ngx_errno;

    ngx_multisource_index_release(&old);

    ngx_set_errno(err);

    return rc;
}


/*
 * A file beside it, which is made by one at a time, takes the place of what is
 * there (`exists`, with the lock on it), with the contents of `old` if that is
 * not NULL.
 */

static ngx_int_t
ngx_multisource_index_create(ngx_multisource_index_t *index,
    ngx_multisource_index_t *old, ngx_uint_t exists, const char *path,
    uint64_t nsegments, uint64_t nparts)
{
    char                            temp[NGX_MULTISOURCE_INDEX_PATH_MAX];
    size_t                          len;
    ngx_fd_t                        fd;
    ngx_int_t                       rc;
    ngx_err_t                       err;
    struct stat                     sb;
    ngx_multisource_index_start_t   start;

    len = ngx_strlen(path);

    if (len + sizeof(NGX_MULTISOURCE_INDEX_NEW_FILE) > sizeof(temp)) {
        ngx_set_errno(ENAMETOOLONG);
        return NGX_ERROR;
    }

    ngx_memcpy(temp, path, len);
    ngx_memcpy(temp + len, NGX_MULTISOURCE_INDEX_NEW_FILE,
               sizeof(NGX_MULTISOURCE_INDEX_NEW_FILE));

    fd = open(temp, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW,
              NGX_MULTISOURCE_INDEX_ACCESS);

    if (fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    if (ngx_multisource_index_lock(fd) != NGX_OK) {
        rc = NGX_ERROR;
        goto failed;
    }

    /* who held the lock may have put it in its place, or thrown it away */

    rc = ngx_multisource_index_same(fd, temp);

    if (rc != NGX_OK) {
        rc = (rc == NGX_DECLINED) ? NGX_AGAIN : rc;
        goto failed;
    }

    if (!exists && stat(path, &sb) == 0) {
        (void) unlink(temp);
        rc = NGX_AGAIN;
        goto failed;
    }

    ngx_memzero(&start, sizeof(ngx_multisource_index_start_t));

    start.magic = NGX_MULTISOURCE_INDEX_MAGIC;
    start.layout = NGX_MULTISOURCE_INDEX_LAYOUT;
    start.size = ngx_multisource_index_size(nsegments, nparts);
    start.nsegments = nsegments;
    start.nparts = nparts;

    rc = NGX_ERROR;

    if (ftruncate(fd, 0) == -1
        || ngx_multisource_index_allocate(fd, start.size) != NGX_OK
        || pwrite(fd, &start, sizeof(ngx_multisource_index_start_t), 0)
           != sizeof(ngx_multisource_index_start_t)
        || ngx_multisource_index_map(index, fd, PROT_READ|PROT_WRITE)
           != NGX_OK)
    {
        goto discard;
    }

    if (old && ngx_multisource_index_transfer(index, old) != NGX_OK) {

        /* it is broken, after all */

        ngx_memzero(index->data + sizeof(ngx_multisource_index_start_t),
                    index->size - sizeof(ngx_multisource_index_start_t));
    }

    if (rename(temp, path) == -1) {
        goto discard;
    }

    (void) flock(fd, LOCK_UN);

    return NGX_OK;

discard:

    err = ngx_errno;

    (void) unlink(temp);

    ngx_set_errno(err);

failed:

    err = ngx_errno;

    index->fd = fd;
    ngx_multisource_index_release(index);

    ngx_set_errno(err);

    return rc;
}


static ngx_int_t
ngx_multisource_index_transfer(ngx_multisource_index_t *index,
    ngx_multisource_index_t *old)
{
    uint64_t                               msn, number, sequence;
    ngx_multisource_index_part_t           part;
    ngx_multisource_index_file_t          *file;
    ngx_multisource_index_head_t           head;
    ngx_multisource_index_segment_t        segment;
    ngx_multisource_index_segment_slot_t  *slot;

    if (ngx_multisource_index_head(old, &head, &sequence) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (sequence == 0) {
        return NGX_OK;
    }

    for (msn = head.oldest; msn < head.open; msn++) {

        if (ngx_multisource_index_read_segment(old, msn, &segment) == NGX_OK) {
            slot = ngx_multisource_index_segment_slot(old, msn);

            ngx_multisource_index_write_segment(index, &segment, slot->list,
                                                slot->first);
            continue;
        }

        if (msn >= head.first) {
            return NGX_DECLINED;
        }

        head.oldest = msn + 1;
    }

    number = head.next_part > old->nparts ? head.next_part - old->nparts : 0;

    for ( /* void */ ; number < head.next_part; number++) {
        if (ngx_multisource_index_read_part(old, number, &part) == NGX_OK) {
            ngx_multisource_index_write_part(index, &part);
        }
    }

    file = (ngx_multisource_index_file_t *) index->data;

    file->heads[sequence & 1] = head;
    file->sequence = sequence;

    return NGX_OK;
}


ngx_int_t
ngx_multisource_index_begin(ngx_multisource_index_t *index, const char *path,
    uint64_t epoch, ngx_multisource_index_head_t *head)
{
    ngx_int_t    rc;
    ngx_err_t    err;
    struct stat  sb;

    if (ngx_multisource_index_lock(index->fd) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_multisource_index_same(index->fd, path);

    if (rc != NGX_OK) {
        goto failed;
    }

    /* a page that is gone would be a SIGBUS */

    if (fstat(index->fd, &sb) == -1) {
        rc = NGX_ERROR;
        goto failed;
    }

    if ((uint64_t) sb.st_size != index->size
        || ngx_multisource_index_head(index, head, NULL) != NGX_OK)
    {
        ngx_set_errno(EBADMSG);
        rc = NGX_ERROR;
        goto failed;
    }

    if (epoch && head->epoch != epoch) {
        rc = NGX_DECLINED;
        goto failed;
    }

    return NGX_OK;

failed:

    err = ngx_errno;

    (void) flock(index->fd, LOCK_UN);

    ngx_set_errno(err);

    return rc;
}


void
ngx_multisource_index_take(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, uint64_t epoch, uint64_t first)
{
    ngx_multisource_index_segment_t  *current;

    ngx_multisource_index_finish(index, head);

    current = &head->current;

    if (head->open < first) {
        head->open = first;
        head->first = first;
        head->oldest = first;
        current->msn = first;
    }

    head->epoch = epoch;

    current->epoch = epoch;
    current->init = 0;
    current->wall = 0;
    current->flags = (head->open == first && head->oldest == first)
                     ? 0 : NGX_MULTISOURCE_INDEX_DISCONTINUITY;
}


void
ngx_multisource_index_add(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, ngx_multisource_index_part_t *part)
{
    ngx_multisource_index_segment_t  *current;

    current = &head->current;

    if (current->parts == 0
        && (current->flags & NGX_MULTISOURCE_INDEX_DISCONTINUITY))
    {
        current->dsn++;
    }

    part->number = head->next_part++;
    part->offset = current->bytes;
    part->unused = 0;

    current->parts++;
    current->bytes += part->bytes;
    current->duration += part->duration;

    ngx_multisource_index_write_part(index, part);
}


void
ngx_multisource_index_finish(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head)
{
    uint64_t                          msn, first, held, duration;
    uint64_t                          list, total, kept;
    ngx_multisource_index_file_t     *file;
    ngx_multisource_index_segment_t  *current;

    current = &head->current;

    if (current->parts == 0) {
        return;
    }

    /* nothing is there that could be fetched */

    if (current->bytes == 0) {
        current->flags |= NGX_MULTISOURCE_INDEX_GAP;
    }

    held = index->nsegments - NGX_MULTISOURCE_INDEX_SPARE;
    file = (ngx_multisource_index_file_t *) index->data;

    if (head->open >= index->nsegments
        && file->heads[file->sequence & 1].oldest
           <= head->open - index->nsegments)
    {
        /*
         * Expired segments were not asked for, or all of the spare slots are
         * used by this one change: readers first see that the record goes
         */

        head->oldest = ngx_max(head->oldest, head->open - held);
        head->first = ngx_max(head->first, head->oldest);

        ngx_multisource_index_publish(index, head);
    }

    kept = ngx_multisource_index_kept(head);
    total = current->duration;

    for (msn = head->first; msn < head->open; msn++) {
        total += ngx_multisource_index_duration(index, msn);
    }

    list = total;

    for (first = head->first; first < head->open; first++) {
        duration = ngx_multisource_index_duration(index, first);

        if (head->open + 1 - first <= held && total - duration < kept) {
            break;
        }

        total -= duration;
    }

    ngx_multisource_index_write_segment(index, current, list, first);

    head->last_parts = current->parts;
    head->first = first;
    head->open++;

    current->msn = head->open;
    current->part = head->next_part;
    current->wall = 0;
    current->bytes = 0;
    current->parts = 0;
    current->duration = 0;
    current->flags = 0;
}


/* of a segment that has a record; the caller has the lock */

static uint64_t
ngx_multisource_index_duration(ngx_multisource_index_t *index, uint64_t msn)
{
    return ngx_multisource_index_segment_slot(index, msn)->segment.duration;
}


/* what has to stay on the list, ticks */

static uint64_t
ngx_multisource_index_kept(const ngx_multisource_index_head_t *head)
{
    uint64_t  window, least;

    window = (uint64_t) head->window * (NGX_MULTISOURCE_HZ / 1000);
    least = 3ULL * head->target_duration * NGX_MULTISOURCE_HZ;

    return ngx_max(window, least);
}


ngx_int_t
ngx_multisource_index_expire(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head, ngx_uint_t all,
    ngx_multisource_index_segment_t *segment)
{
    uint64_t                               msn, list, passed;
    ngx_multisource_index_segment_slot_t  *slot;

    if (all) {
        ngx_multisource_index_finish(index, head);
        head->first = head->open;
    }

    for ( ;; ) {

        if (head->oldest >= head->first) {
            return NGX_DONE;
        }

        if (ngx_multisource_index_read_segment(index, head->oldest, segment)
            == NGX_OK)
        {
            break;
        }

        /* its record is damaged, and what it was is not known any more */

        head->oldest++;
    }

    if (!all
        && head->open - head->oldest
           <= index->nsegments - NGX_MULTISOURCE_INDEX_SPARE)
    {
        /* the longest list it was on, until it was not on it any more */

        list = 0;

        for (msn = head->oldest; msn < head->open; /* void */ ) {
            slot = ngx_multisource_index_segment_slot(index, msn++);
            list = ngx_max(list, slot->list);

            if (slot->first > head->oldest) {
                break;
            }
        }

        /* and what was added since */

        passed = head->current.duration;

        for ( /* void */ ; msn < head->open; msn++) {
            passed += ngx_multisource_index_duration(index, msn);
        }

        if (passed < segment->duration + list) {
            return NGX_DONE;
        }
    }

    head->oldest++;

    return NGX_OK;
}


void
ngx_multisource_index_commit(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head)
{
    ngx_multisource_index_publish(index, head);

    (void) flock(index->fd, LOCK_UN);
}


static void
ngx_multisource_index_publish(ngx_multisource_index_t *index,
    const ngx_multisource_index_head_t *head)
{
    uint64_t                       next;
    ngx_multisource_index_file_t  *file;

    file = (ngx_multisource_index_file_t *) index->data;
    next = file->sequence + 1;

    /*
     * The head that is about to be overwritten was valid up to the last change:
     * who reads it must see that one before
     */

    __atomic_thread_fence(__ATOMIC_RELEASE);

    file->heads[next & 1] = *head;

    __atomic_store_n(&file->sequence, next, __ATOMIC_RELEASE);
}


void
ngx_multisource_index_abandon(ngx_multisource_index_t *index)
{
    (void) flock(index->fd, LOCK_UN);
}


u_char *
ngx_multisource_index_number(u_char *p, uint64_t number)
{
    u_char      buf[NGX_INT64_LEN];
    ngx_uint_t  n;

    n = NGX_INT64_LEN;

    do {
        buf[--n] = (u_char) ('0' + number % 10);
        number /= 10;
    } while (number);

    return ngx_cpymem(p, buf + n, NGX_INT64_LEN - n);
}


static u_char *
ngx_multisource_index_name_epoch(u_char *p, uint64_t epoch)
{
    ngx_uint_t  n;

    static const u_char  hex[] = "0123456789abcdef";

    for (n = NGX_MULTISOURCE_INDEX_EPOCH_LEN; n; n--) {
        p[n - 1] = hex[epoch & 0x0f];
        epoch >>= 4;
    }

    return p + NGX_MULTISOURCE_INDEX_EPOCH_LEN;
}


u_char *
ngx_multisource_index_name_init(u_char *buf, uint64_t epoch, ngx_uint_t init)
{
    u_char  *p;

    p = ngx_multisource_index_name_epoch(buf, epoch);
    *p++ = '-';
    p = ngx_multisource_index_number(p, init);

    ngx_memcpy(p, ".mp4", sizeof(".mp4"));

    return p + sizeof(".mp4") - 1;
}


u_char *
ngx_multisource_index_name_segment(u_char *buf, uint64_t epoch, uint64_t msn)
{
    u_char  *p;

    p = ngx_multisource_index_name_epoch(buf, epoch);
    *p++ = '-';
    p = ngx_multisource_index_number(p, msn);

    ngx_memcpy(p, ".m4s", sizeof(".m4s"));

    return p + sizeof(".m4s") - 1;
}


u_char *
ngx_multisource_index_name_part(u_char *buf, uint64_t epoch, uint64_t msn,
    ngx_uint_t part)
{
    u_char  *p;

    p = ngx_multisource_index_name_epoch(buf, epoch);
    *p++ = '-';
    p = ngx_multisource_index_number(p, msn);
    *p++ = '.';
    p = ngx_multisource_index_number(p, (uint32_t) part);

    ngx_memcpy(p, ".m4s", sizeof(".m4s"));

    return p + sizeof(".m4s") - 1;
}


ngx_uint_t
ngx_multisource_index_parse(const ngx_str_t *name, uint64_t *epoch,
    uint64_t *number, ngx_uint_t *part)
{
    u_char      *p, *last, ch;
    uint64_t     n;
    ngx_uint_t   i;

    p = name->data;
    last = name->data + name->len;

    if (name->len <= NGX_MULTISOURCE_INDEX_EPOCH_LEN) {
        return NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    *epoch = 0;

    for (i = 0; i < NGX_MULTISOURCE_INDEX_EPOCH_LEN; i++) {
        ch = *p++;

        if (ch >= '0' && ch <= '9') {
            *epoch = *epoch << 4 | (uint64_t) (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            *epoch = *epoch << 4 | (uint64_t) (ch - 'a' + 10);

        } else {
            return NGX_MULTISOURCE_INDEX_NAME_NONE;
        }
    }

    if (last - p == 5 && ngx_memcmp(p, ".m3u8", 5) == 0) {
        return NGX_MULTISOURCE_INDEX_NAME_VOD;
    }

    if (*p++ != '-') {
        return NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    p = ngx_multisource_index_parse_number(p, last, number);

    if (p == NULL) {
        return NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    if (last - p == 4 && ngx_memcmp(p, ".m4s", 4) == 0) {
        return NGX_MULTISOURCE_INDEX_NAME_SEGMENT;
    }

    if (last - p == 4 && ngx_memcmp(p, ".mp4", 4) == 0) {
        return *number <= NGX_MAX_UINT32_VALUE
               ? NGX_MULTISOURCE_INDEX_NAME_INIT
               : NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    if (p == last || *p++ != '.') {
        return NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    p = ngx_multisource_index_parse_number(p, last, &n);

    if (p == NULL
        || n > NGX_MAX_UINT32_VALUE
        || last - p != 4
        || ngx_memcmp(p, ".m4s", 4) != 0)
    {
        return NGX_MULTISOURCE_INDEX_NAME_NONE;
    }

    *part = (ngx_uint_t) n;

    return NGX_MULTISOURCE_INDEX_NAME_PART;
}


/* what follows the number; NULL: there is none, or it is written otherwise */

static u_char *
ngx_multisource_index_parse_number(u_char *p, u_char *last, uint64_t *number)
{
    u_char    *start;
    uint64_t   n, digit;

    start = p;
    n = 0;

    for ( /* void */ ; p < last && *p >= '0' && *p <= '9'; p++) {
        digit = *p - '0';

        if (n > (NGX_MULTISOURCE_INDEX_MAX_NUMBER - digit) / 10) {
            return NULL;
        }

        n = n * 10 + digit;
    }

    if (p == start || (*start == '0' && p - start > 1)) {
        return NULL;
    }

    *number = n;

    return p;
}
