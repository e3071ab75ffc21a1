
/*
 * Copyright (C) the ngx_live contributors
 *
 * Input: a byte, which file it begins with, then what becomes of it.
 *
 *     bit 0, 1  0: nothing, and the input is the file; 1: an index of nothing;
 *               2: one with two sessions and gaps; 3: one whose rings are full
 *     bit 2     writers go on with it, too
 *
 * What becomes of it are edits, each of an offset in words of 4 bytes (2 bytes,
 * the low one first), a length and as many bytes; an edit of no bytes cuts the
 * file off there.
 */

/* sources: modules/ngx_multisource/ngx_multisource_index.c */
/* sources: modules/ngx_multisource/ngx_multisource_playlist.c */


#define _GNU_SOURCE

#include "fuzz.h"
#include "ngx_multisource_playlist.h"

#include <string.h>
#include <sys/mman.h>


#define EPOCH      0x19abcdef012ULL
#define FILES      4
#define FILE_SIZE  16384        /* of those that are edited, at most */


typedef struct {
    u_char                       data[FILE_SIZE];
    size_t                       size;
} file_t;


static file_t                    files[FILES];
static char                      path[64];
static int                       fd = -1;
static u_char                   *mapped;

static ngx_log_t                 fuzz_log;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


static void
add(ngx_multisource_index_t *index, ngx_multisource_index_head_t *head,
    ngx_uint_t bytes)
{
    ngx_multisource_index_part_t  part;

    if (head->current.parts == 0) {
        head->current.wall = 1795291200000000LL + head->next_part * 200000;
        head->current.flags |= NGX_MULTISOURCE_INDEX_INDEPENDENT;
    }

    ngx_memzero(&part, sizeof(part));
    part.bytes = bytes;
    part.duration = 18000;
    part.flags = bytes ? head->next_part % 5 == 0 : NGX_MULTISOURCE_INDEX_GAP;

    ngx_multisource_index_add(index, head, &part);
}


static void
expire(ngx_multisource_index_t *index, ngx_multisource_index_head_t *head)
{
    uint64_t                         oldest;
    ngx_multisource_index_segment_t  segment;

    for (oldest = head->oldest;
         ngx_multisource_index_expire(index, head, 0, &segment) == NGX_OK;
         oldest = head->oldest)
    {
        fuzz_assert(head->oldest > oldest);
        fuzz_assert(segment.msn == head->oldest - 1);
    }

    fuzz_assert(head->oldest <= head->first);
}


/* the files that the input edits */

static void
prepare(void)
{
    char                          dir[] = "/tmp/multisource_fuzz.XXXXXX";
    char                          name[64];
    FILE                         *f;
    ngx_uint_t                    i, n;
    ngx_multisource_index_t       index;
    ngx_multisource_index_head_t  head;

    fuzz_log.log_level = NGX_LOG_ERR;

    fuzz_assert(mkdtemp(dir) != NULL);
    snprintf(name, sizeof(name), "%s/index", dir);

    for (i = 1; i < FILES; i++) {

        fuzz_assert(ngx_multisource_index_make(&index, name, 0, 0) == NGX_OK);

        if (i > 1) {
            fuzz_assert(ngx_multisource_index_begin(&index, name, 0, &head)
                        == NGX_OK);

            head.state = NGX_MULTISOURCE_INDEX_LIVE;
            head.target_duration = 2;
            head.part_target = 18900;
            head.window = i == 2 ? 6000 : 60000;
            head.streams.width = 1280;
            head.streams.height = 720;
            head.streams.fps = 30000;
            (void) strcpy((char *) head.streams.codecs, "avc1.64001f,Opus");
            (void) strcpy((char *) head.reports[0].source, "Face_Cam");
            head.nreports = 1;

            ngx_multisource_index_take(&index, &head, EPOCH, i & 1);

            for (n = 0; n < (i == 2 ? 24 : 177); n++) {

                if (n == 17) {
                    ngx_multisource_index_take(&index, &head, EPOCH + 1,
                                               i & 1);
                }

                add(&index, &head, n % 9 == 7 ? 0 : 1000 + n);

                if (n % 5 == 4) {
                    ngx_multisource_index_finish(&index, &head);
                    expire(&index, &head);
                }
            }

            ngx_multisource_index_commit(&index, &head);
        }

        ngx_multisource_index_close(&index);

        f = fopen(name, "rb");
        fuzz_assert(f != NULL);
        files[i].size = fread(files[i].data, 1, FILE_SIZE, f);
        fuzz_assert(files[i].size < FILE_SIZE);
        fclose(f);

        (void) unlink(name);
    }

    (void) rmdir(dir);

    fd = memfd_create("index", MFD_CLOEXEC);
    fuzz_assert(fd != -1 && ftruncate(fd, FILE_SIZE) == 0);

    mapped = mmap(NULL, FILE_SIZE, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    fuzz_assert(mapped != MAP_FAILED);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}


/* of the size that was asked for; lines of printable characters */

static void
check_text(u_char *start, u_char *end, size_t size)
{
    u_char  *p;

    fuzz_assert(end > start && (size_t) (end - start) <= size);
    fuzz_assert(end[-1] == '\n');

    for (p = start; p < end; p++) {
        fuzz_assert(*p == '\n' || (*p >= ' ' && *p < 0x7f));
        fuzz_assert(*p != '\n' || p == start || p[-1] != '\n');
    }

    free(start);
}


static void
check_media(const ngx_multisource_index_snapshot_t *snapshot)
{
    size_t      size;
    u_char     *p;
    ngx_uint_t  skip;

    for (skip = 0; skip < 2; skip++) {
        size = ngx_multisource_playlist_media_size(snapshot);

        p = malloc(size);
        fuzz_assert(p != NULL);

        check_text(p, ngx_multisource_playlist_media(p, snapshot, skip), size);
    }
}


static void
check_head(ngx_multisource_index_head_t *head)
{
    size_t                            size;
    u_char                           *p;
    ngx_uint_t                        i, part, is;
    ngx_multisource_directives_t      directives;
    ngx_multisource_playlist_angle_t  angles[2];

    size = ngx_multisource_playlist_source_size();

    p = malloc(size);
    fuzz_assert(p != NULL);

    check_text(p, ngx_multisource_playlist_source(p, head), size);

    ngx_str_set(&angles[0].name, "main");
    ngx_str_set(&angles[0].label, "main");
    angles[0].head = head;
    angles[1] = angles[0];

    size = ngx_multisource_playlist_streamer_size(2);

    p = malloc(size);
    fuzz_assert(p != NULL);

    check_text(p, ngx_multisource_playlist_streamer(p, angles, 2), size);

    for (i = 0; i < 16; i++) {
        ngx_memzero(&directives, sizeof(directives));
        directives.has_msn = 1;
        directives.msn = head->open + i / 4 - 1;
        directives.has_part = 1;
        part = i % 4 == 3 ? (uint32_t) -1 : head->current.parts + i % 4;
        directives.part = part;

        is = ngx_multisource_playlist_wanted(head, &directives);
        fuzz_assert(is <= NGX_MULTISOURCE_PLAYLIST_REFUSE);

        is = ngx_multisource_playlist_wanted_part(head, head->epoch,
                                                  directives.msn, part);
        fuzz_assert(is <= NGX_MULTISOURCE_PLAYLIST_REFUSE);
    }
}


static void
check_segments(ngx_multisource_index_t *index,
    ngx_multisource_index_head_t *head)
{
    size_t                            size;
    u_char                           *p;
    uint64_t                          msn;
    ngx_uint_t                        i;
    ngx_multisource_index_part_t      part;
    ngx_multisource_index_segment_t   segment;

    if (ngx_multisource_index_find_keyed(index, &segment, &part) == NGX_OK) {
        fuzz_assert(segment.epoch == head->epoch);
        fuzz_assert(segment.msn >= head->oldest && segment.msn <= head->open);
        fuzz_assert(part.bytes > 0 && part.bytes <= segment.bytes);
        fuzz_assert(part.offset <= segment.bytes - part.bytes);
    }

    for (msn = head->oldest - 1; msn != head->open + 2; msn++) {

        if (ngx_multisource_index_find(index, msn, &segment) != NGX_OK) {
            continue;
        }

        fuzz_assert(segment.msn == msn);
        fuzz_assert(msn >= head->oldest && msn <= head->open);

        for (i = 0; i < 8; i++) {
            if (ngx_multisource_index_find_part(index, msn, i, &segment, &part)
                == NGX_OK)
            {
                fuzz_assert(i < segment.parts);
                fuzz_assert(part.offset <= segment.bytes);
                fuzz_assert(part.bytes <= segment.bytes - part.offset);
            }
        }

        (void) ngx_multisource_index_find_part(index, msn, (ngx_uint_t) -1,
                                               &segment, &part);

        size = NGX_MULTISOURCE_PLAYLIST_VOD_MAX;

        p = malloc(size);
        fuzz_assert(p != NULL);

        check_text(p, ngx_multisource_playlist_vod_segment(p, &segment, NULL),
                   size);
    }
}


/* whatever it is, it is an index again after that */

static void
go_on(ngx_multisource_index_t *index)
{
    ngx_uint_t                        i;
    ngx_multisource_index_head_t      head;
    ngx_multisource_index_segment_t   segment;
    ngx_multisource_index_snapshot_t  snapshot;

    if (ngx_multisource_index_begin(index, path, 0, &head) != NGX_OK) {
        return;
    }

    /* as no writer would have got there */

    if (head.open > 1000000 || head.next_part > 1000000
        || head.current.bytes > 1000000 || head.current.duration > 1000000
        || head.current.dsn > 1000000)
    {
        ngx_multisource_index_abandon(index);
        return;
    }

    for (i = 0; i < 150; i++) {
        add(index, &head, 100);

        if (i % 3 == 2) {
            ngx_multisource_index_finish(index, &head);
            expire(index, &head);
        }
    }

    ngx_multisource_index_take(index, &head, EPOCH + 2, 0);

    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    head.target_duration = 2;
    head.part_target = 18900;
    head.window = 6000;

    add(index, &head, 100);
    ngx_multisource_index_finish(index, &head);
    expire(index, &head);
    add(index, &head, 100);

    ngx_multisource_index_commit(index, &head);

    ngx_memzero(&snapshot, sizeof(snapshot));

    fuzz_assert(ngx_multisource_index_snapshot(index, &snapshot, &fuzz_log)
                == NGX_OK);
    fuzz_assert(snapshot.nsegments && snapshot.nparts);

    check_media(&snapshot);

    ngx_multisource_index_forget(&snapshot);

    fuzz_assert(ngx_multisource_index_begin(index, path, EPOCH + 2, &head)
                == NGX_OK);

    for (i = 0;
         ngx_multisource_index_expire(index, &head, 1, &segment) == NGX_OK;
         i++)
    {
        fuzz_assert(i < 1000);
    }

    fuzz_assert(head.oldest == head.open && head.current.parts == 0);

    ngx_multisource_index_commit(index, &head);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                            n, end, offset;
    ngx_uint_t                        which, writers;
    ngx_multisource_index_t           index, writer;
    ngx_multisource_index_head_t      head;
    ngx_multisource_index_snapshot_t  snapshot;

    if (fd == -1) {
        prepare();
    }

    if (size == 0) {
        return 0;
    }

    which = data[0] % 4;
    writers = data[0] & 4;
    data++;
    size--;

    fuzz_assert(ftruncate(fd, FILE_SIZE) == 0);

    if (which == 0) {
        end = ngx_min(size, FILE_SIZE);
        ngx_memcpy(mapped, data, end);

    } else {
        end = files[which].size;
        ngx_memcpy(mapped, files[which].data, end);

        while (size >= 3) {
            offset = 4 * (data[0] | data[1] << 8);
            n = data[2];
            data += 3;
            size -= 3;

            if (n == 0) {
                end = ngx_min(end, offset);
                continue;
            }

            n = ngx_min(n, size);

            if (offset < end) {
                ngx_memcpy(mapped + offset, data, ngx_min(n, end - offset));
            }

            data += n;
            size -= n;
        }
    }

    fuzz_assert(ftruncate(fd, end) == 0);

    if (ngx_multisource_index_open(&index, path, &fuzz_log) != NGX_OK) {
        ngx_multisource_index_close(&index);
        return 0;
    }

    fuzz_assert(index.size == end);

    ngx_memzero(&snapshot, sizeof(snapshot));

    if (ngx_multisource_index_head(&index, &head, NULL) == NGX_OK) {

        check_segments(&index, &head);

        if (head.state != NGX_MULTISOURCE_INDEX_NEW) {
            check_head(&head);
        }

        if (ngx_multisource_index_snapshot(&index, &snapshot, &fuzz_log)
            == NGX_OK
            && head.state != NGX_MULTISOURCE_INDEX_NEW)
        {
            check_media(&snapshot);
        }

    } else {
        fuzz_assert(ngx_multisource_index_snapshot(&index, &snapshot,
                                                   &fuzz_log) != NGX_OK);
    }

    if (writers) {

        /* as _make() would have opened it */

        writer = index;
        writer.fd = fd;
        writer.data = mapped;

        go_on(&writer);
    }

    ngx_multisource_index_forget(&snapshot);
    ngx_multisource_index_close(&index);

    return 0;
}
