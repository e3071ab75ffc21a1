
/*
 * Copyright (C) the ngx_live contributors
 *
 * The index of a source's media: names, what readers get of whole, broken and
 * changing files, writers that are killed, and which files are still needed.
 */

/* sources: modules/ngx_multisource/ngx_multisource_index.c */


#define _GNU_SOURCE

#include "tap.h"
#include "ngx_multisource_cadence.h"
#include "ngx_multisource_index.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>


#define HZ      NGX_MULTISOURCE_HZ
#define EPOCH   0x19abcdef012ULL


typedef ngx_multisource_index_t           index_t;
typedef ngx_multisource_index_head_t      head_t;
typedef ngx_multisource_index_segment_t   segment_t;
typedef ngx_multisource_index_part_t      part_t;
typedef ngx_multisource_index_snapshot_t  snapshot_t;


static char        dir[64], path[80];
static ngx_log_t   test_log;
static ngx_uint_t  logged, allocs = (ngx_uint_t) -1;
static uint64_t    state = 88172645463325252ULL;


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    logged++;
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    if (allocs == 0) {
        return NULL;
    }

    allocs -= (allocs != (ngx_uint_t) -1);

    return malloc(size);
}


static uint64_t
random_below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (state >> 11) % n;
}


static void
bail(const char *why)
{
    printf("Bail out! %s: %s\n", why, strerror(errno));
    exit(2);
}


static void
fresh(ngx_uint_t nsegments, ngx_uint_t nparts, index_t *index)
{
    (void) unlink(path);

    if (ngx_multisource_index_make(index, path, nsegments, nparts) != NGX_OK) {
        bail("cannot make an index");
    }
}


static void
begin(index_t *index, uint64_t epoch, head_t *head)
{
    if (ngx_multisource_index_begin(index, path, epoch, head) != NGX_OK) {
        bail("cannot begin");
    }
}


/* a part whose fields tell its number, so that a reader can check them */

static void
fill(part_t *part, uint64_t number)
{
    ngx_memzero(part, sizeof(part_t));

    part->bytes = 1000 + number % 97;
    part->duration = 18000 - number % 13;
    part->flags = number % 10 == 0 ? NGX_MULTISOURCE_INDEX_INDEPENDENT : 0;
}


static void
add(index_t *index, head_t *head)
{
    part_t  part;

    fill(&part, head->next_part);

    if (head->current.parts == 0) {
        head->current.wall = head->next_part * 200000;
        head->current.flags |= NGX_MULTISOURCE_INDEX_INDEPENDENT;
    }

    ngx_multisource_index_add(index, head, &part);
}


/* a live session with bounds of 2 s and 210 ms */

static void
take(index_t *index, uint64_t epoch)
{
    head_t  head;

    begin(index, 0, &head);

    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    head.target_duration = 2;
    head.part_target = 18900;
    head.window = 60000;

    ngx_multisource_index_take(index, &head, epoch, 0);
    ngx_multisource_index_commit(index, &head);
}


/* a segment of one part */

static ngx_uint_t
segment(index_t *index, head_t *head, uint32_t duration)
{
    part_t      part;
    segment_t   expired;
    ngx_uint_t  n;

    ngx_memzero(&part, sizeof(part_t));
    part.bytes = 1;
    part.duration = duration;

    ngx_multisource_index_add(index, head, &part);
    ngx_multisource_index_finish(index, head);

    for (n = 0;
         ngx_multisource_index_expire(index, head, 0, &expired) == NGX_OK;
         n++)
    { /* void */ }

    return n;
}


static ngx_uint_t
descriptors(void)
{
    int         fd;
    ngx_uint_t  n;

    for (n = 0, fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) != -1;
    }

    return n;
}


static void
test_names(void)
{
    u_char      *end, *buf;
    uint64_t     epoch, number;
    ngx_str_t    name;
    ngx_uint_t   i, part, type;

    static const struct {
        const char  *name;
        ngx_uint_t   type;
        uint64_t     epoch;
        uint64_t     number;
        ngx_uint_t   part;
    } names[] = {
        { "19abcdef012-0.mp4", NGX_MULTISOURCE_INDEX_NAME_INIT, EPOCH, 0, 0 },
        { "19abcdef012-4294967295.mp4", NGX_MULTISOURCE_INDEX_NAME_INIT,
          EPOCH, 4294967295U, 0 },
        { "19abcdef012-12.m4s", NGX_MULTISOURCE_INDEX_NAME_SEGMENT,
          EPOCH, 12, 0 },
        { "00000000001-1152921504606846976.m4s",
          NGX_MULTISOURCE_INDEX_NAME_SEGMENT, 1, 1ULL << 60, 0 },
        { "fffffffffff-7.0.m4s", NGX_MULTISOURCE_INDEX_NAME_PART,
          0xfffffffffffULL, 7, 0 },
        { "19abcdef012-7.4294967295.m4s", NGX_MULTISOURCE_INDEX_NAME_PART,
          EPOCH, 7, 4294967295U },
        { "19abcdef012.m3u8", NGX_MULTISOURCE_INDEX_NAME_VOD, EPOCH, 0, 0 },
    };

    static const char  *none[] = {
        "", "index", "index.new", "index.m3u8", "live.m3u8", "vod.m3u8",
        "19abcdef012", "19abcdef012-", "19abcdef012-1", "19abcdef012-1.",
        "19abcdef012-1.m4", "19abcdef012-1.m4sx", "19abcdef012-1.mp4 ",
        "19abcdef012-01.m4s", "19abcdef012-00.mp4", "19abcdef012-1.00.m4s",
        "19abcdef012-1.01.m4s", "19abcdef012-.m4s", "19abcdef012-1..m4s",
        "19abcdef012--1.m4s", "19abcdef012-+1.m4s", "19abcdef012- 1.m4s",
        "19abcdef012-1.1.1.m4s", "19abcdef012-1.1.mp4",
        "19abcdef012-4294967296.mp4", "19abcdef012-1.4294967296.m4s",
        "19abcdef012-1152921504606846977.m4s",
        "19abcdef012-99999999999999999999.m4s",
        "19ABCDEF012-1.m4s", "9abcdef012-1.m4s", "019abcdef012-1.m4s",
        "19abcdef01g-1.m4s", "19abcdef012.m3u", "19abcdef012.m3u8x",
        "19abcdef012-1.m3u8", "../19abcdef012-1.m4s", "19abcdef012/1.m4s",
        "19abcdef012-1.m4s/", "19abcdef012-0x1.m4s"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        name.len = strlen(names[i].name);
        name.data = (u_char *) names[i].name;

        epoch = number = part = 99;

        type = ngx_multisource_index_parse(&name, &epoch, &number, &part);

        tap_is(type, names[i].type, names[i].name);
        tap_is(epoch, names[i].epoch, "  its epoch");

        /* of the exact size, so that a sanitizer sees a byte too much */

        buf = malloc(name.len + 1);
        if (buf == NULL) {
            bail("no memory");
        }

        end = buf;

        if (type == NGX_MULTISOURCE_INDEX_NAME_INIT) {
            tap_is(number, names[i].number, "  its number");
            end = ngx_multisource_index_name_init(buf, epoch, number);

        } else if (type == NGX_MULTISOURCE_INDEX_NAME_SEGMENT) {
            tap_is(number, names[i].number, "  its number");
            end = ngx_multisource_index_name_segment(buf, epoch, number);

        } else if (type == NGX_MULTISOURCE_INDEX_NAME_PART) {
            tap_is(number, names[i].number, "  its number");
            tap_is(part, names[i].part, "  its part");
            end = ngx_multisource_index_name_part(buf, epoch, number, part);
        }

        if (end != buf) {
            tap_is_text((char *) buf, names[i].name, "  written again");
            tap_is(end - buf, name.len, "  its end");
        }

        free(buf);
    }

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        char  title[80];

        /* and without a NUL behind it */

        name.len = strlen(none[i]);
        name.data = malloc(name.len ? name.len : 1);
        if (name.data == NULL) {
            bail("no memory");
        }

        ngx_memcpy(name.data, none[i], name.len);

        snprintf(title, sizeof(title), "none of ours: '%s'", none[i]);
        tap_is(ngx_multisource_index_parse(&name, &epoch, &number, &part),
               NGX_MULTISOURCE_INDEX_NAME_NONE, title);

        free(name.data);
    }

    buf = malloc(NGX_MULTISOURCE_INDEX_NAME_MAX);
    if (buf == NULL) {
        bail("no memory");
    }

    end = ngx_multisource_index_name_part(buf, 0xfffffffffffULL,
                                          (uint64_t) -1, (uint32_t) -1);

    tap_is(end - buf, NGX_MULTISOURCE_INDEX_NAME_MAX - 1,
           "the longest name fits");

    free(buf);
}


static void
put(const void *data, size_t size)
{
    int  fd;

    (void) unlink(path);

    fd = open(path, O_CREAT|O_WRONLY|O_TRUNC, 0644);

    if (fd == -1 || write(fd, data, size) != (ssize_t) size) {
        bail("cannot write");
    }

    (void) close(fd);
}


static void
test_open(void)
{
    char         name[96], *big;
    FILE        *f;
    index_t      index;
    size_t       size, n;
    u_char      *whole;
    ngx_int_t    rc;
    ngx_uint_t   before, ok;

    before = descriptors();
    logged = 0;

    (void) unlink(path);

    tap_is(ngx_multisource_index_open(&index, path, &test_log), NGX_DECLINED,
           "no file is no index");

    snprintf(name, sizeof(name), "%s/none/index", dir);
    tap_is(ngx_multisource_index_open(&index, name, &test_log), NGX_DECLINED,
           "no directory neither");

    put("", 0);
    tap_is(ngx_multisource_index_open(&index, path, &test_log), NGX_DECLINED,
           "an empty file is no index");
    tap_is(ngx_multisource_index_open(&index, dir, &test_log), NGX_DECLINED,
           "a directory is no index");
    tap_is(logged, 0, "nothing is logged");

    big = malloc(8192);
    if (big == NULL) {
        bail("no memory");
    }

    memset(big, 'x', 8191);
    big[8191] = '\0';

    tap_is(ngx_multisource_index_open(&index, big, &test_log), NGX_ERROR,
           "a name that is too long is an error");
    tap_is(logged, 1, "  which is logged");

    tap_is(ngx_multisource_index_make(&index, big, 0, 0), NGX_ERROR,
           "  for writers too");

    put(big, 8191);
    free(big);

    tap_is(ngx_multisource_index_open(&index, path, &test_log), NGX_DECLINED,
           "rubbish is no index");

    /* cut off anywhere */

    fresh(0, 0, &index);
    take(&index, EPOCH);
    size = index.size;
    ngx_multisource_index_close(&index);

    whole = malloc(size);
    f = fopen(path, "rb");

    if (whole == NULL || f == NULL || fread(whole, 1, size, f) != size) {
        bail("cannot read the index");
    }

    fclose(f);

    for (ok = 1, n = 0; n < size; n += (n < 200) ? 1 : 997) {
        put(whole, n);

        ok &= ngx_multisource_index_open(&index, path, &test_log)
              == NGX_DECLINED;
    }

    tap_ok(ok, "a truncated file is refused");

    put(whole, size);
    rc = ngx_multisource_index_open(&index, path, &test_log);
    tap_is(rc, NGX_OK, "a whole one is not");
    ngx_multisource_index_close(&index);

    f = fopen(path, "ab");

    if (f == NULL || fputc('x', f) == EOF) {
        bail("cannot append");
    }

    fclose(f);

    tap_is(ngx_multisource_index_open(&index, path, &test_log), NGX_DECLINED,
           "nor one that is too long");

    free(whole);

    tap_is(descriptors(), before, "no descriptor is left open");
}


static void
test_make(void)
{
    ino_t        inode;
    head_t       head;
    index_t      writer, other, reader;
    uint64_t     sequence;
    ngx_uint_t   before;
    struct stat  sb;
    snapshot_t   snapshot;
    segment_t    found;
    part_t       part;
    char         name[96];

    before = descriptors();
    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(40, 100, &writer);

    tap_is(writer.nsegments, 40, "an index is made");
    tap_is(writer.nparts, 100, "  with its rings");
    tap_ok(stat(path, &sb) == 0 && sb.st_size == (off_t) writer.size,
           "  of the size it should have");
    tap_ok(sb.st_blocks * 512 >= sb.st_size, "  and all of it is allocated");

    snprintf(name, sizeof(name), "%s.new", path);
    tap_is(access(name, F_OK), -1, "  nothing is left beside it");

    tap_is(ngx_multisource_index_open(&reader, path, &test_log), NGX_OK,
           "a reader opens it");
    tap_is(ngx_multisource_index_sequence(&reader), 0,
           "nothing was written yet");
    tap_is(ngx_multisource_index_head(&reader, &head, &sequence), NGX_OK,
           "there is a head");
    tap_is(head.state, NGX_MULTISOURCE_INDEX_NEW, "  of a new source");
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_OK, "there is a snapshot");
    tap_is(snapshot.nsegments + snapshot.nparts, 0, "  of nothing");
    tap_is(ngx_multisource_index_find(&reader, 0, &found), NGX_DECLINED,
           "there is no segment");
    tap_is(ngx_multisource_index_find_part(&reader, 0, 0, &found, &part),
           NGX_DECLINED, "and no part");

    allocs = 0;
    ngx_multisource_index_forget(&snapshot);
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_ERROR, "no memory for segments");
    allocs = 1;
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_ERROR, "no memory for parts");
    allocs = (ngx_uint_t) -1;

    inode = writer.inode;

    tap_is(ngx_multisource_index_make(&other, path, 10, 10), NGX_OK,
           "it is made again, smaller");
    tap_is(other.inode, inode, "  and is the same");
    ngx_multisource_index_close(&other);

    take(&writer, EPOCH);
    begin(&writer, EPOCH, &head);
    add(&writer, &head);
    add(&writer, &head);
    ngx_multisource_index_finish(&writer, &head);
    add(&writer, &head);
    ngx_multisource_index_commit(&writer, &head);

    sequence = ngx_multisource_index_sequence(&reader);
    tap_is(sequence, 2, "two changes");
    tap_ok(!ngx_multisource_index_replaced(&reader, path),
           "the reader's file is in its place");

    tap_is(ngx_multisource_index_make(&other, path, 41, 100), NGX_OK,
           "it is made again, larger");
    tap_ok(other.inode != inode, "  and is another one");
    tap_ok(ngx_multisource_index_replaced(&reader, path),
           "which the reader notices");
    tap_is(ngx_multisource_index_begin(&writer, path, EPOCH, &head),
           NGX_DECLINED, "and the earlier writer");
    tap_is(other.nsegments, 41, "  one ring is larger");
    tap_is(other.nparts, 100, "  the other as it was");

    ngx_multisource_index_close(&writer);
    ngx_multisource_index_close(&reader);

    tap_is(ngx_multisource_index_open(&reader, path, &test_log), NGX_OK,
           "a reader opens the other");
    tap_is(ngx_multisource_index_sequence(&reader), 2,
           "  its sequence is kept");
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_OK, "  what was in it is there");
    tap_is(snapshot.nsegments, 1, "  a segment");
    tap_is(snapshot.nparts, 3, "  its parts, and one of the next");
    tap_is(snapshot.parts[2].number, 2, "  numbered");

    begin(&other, EPOCH, &head);
    add(&other, &head);
    ngx_multisource_index_commit(&other, &head);

    tap_is(ngx_multisource_index_find_part(&reader, 1, 1, &found, &part),
           NGX_OK, "it goes on");

    /* broken */

    ngx_memset(other.data + 64, 0xff, 4096);

    tap_is(ngx_multisource_index_head(&reader, &head, NULL), NGX_DECLINED,
           "a broken head is none");
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_DECLINED, "nor is there a snapshot");
    tap_is(ngx_multisource_index_find(&reader, 0, &found), NGX_DECLINED,
           "nor a segment");
    tap_is(ngx_multisource_index_begin(&other, path, 0, &head), NGX_ERROR,
           "nor anything to begin with");
    tap_is(errno, EBADMSG, "  errno tells");

    ngx_multisource_index_close(&other);

    tap_is(ngx_multisource_index_make(&other, path, 0, 0), NGX_OK,
           "it is replaced");
    tap_ok(ngx_multisource_index_replaced(&reader, path), "  by another");
    tap_is(ngx_multisource_index_head(&other, &head, &sequence), NGX_OK,
           "  that is whole");
    tap_is(sequence, 0, "  and fresh");

    ngx_multisource_index_close(&other);

    put("rubbish", 7);

    tap_is(ngx_multisource_index_make(&other, path, 0, 0), NGX_OK,
           "rubbish is replaced too");

    /* truncated behind the back of its writer */

    if (truncate(path, 4096) == -1) {
        bail("cannot truncate");
    }

    tap_is(ngx_multisource_index_begin(&other, path, 0, &head), NGX_ERROR,
           "a file that shrank is not written to");

    (void) unlink(path);

    tap_is(ngx_multisource_index_begin(&other, path, 0, &head), NGX_DECLINED,
           "nor one that was removed");

    ngx_multisource_index_close(&other);

    /* what a killed maker leaves */

    (void) unlink(path);
    put("half of one", 11);
    (void) rename(path, name);

    tap_is(ngx_multisource_index_make(&other, path, 0, 0), NGX_OK,
           "an unfinished one is no obstacle");
    tap_is(access(name, F_OK), -1, "  and is gone");

    ngx_multisource_index_close(&other);

    snprintf(name, sizeof(name), "%s/none/index", dir);

    tap_is(ngx_multisource_index_make(&other, name, 0, 0), NGX_ERROR,
           "no directory");
    tap_is(errno, ENOENT, "  errno tells");

    tap_is(ngx_multisource_index_make(&other, path, (ngx_uint_t) 1 << 40, 0),
           NGX_ERROR, "a ring that is too large");

    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&snapshot);

    tap_is(descriptors(), before, "no descriptor is left open");
}


static void
test_first(void)
{
    head_t      head;
    index_t     index;
    segment_t   found;
    snapshot_t  snapshot;

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(0, 0, &index);
    begin(&index, 0, &head);

    ngx_multisource_index_take(&index, &head, EPOCH, 1);
    ngx_multisource_index_take(&index, &head, EPOCH + 1, 1);

    tap_is(head.current.msn, 1, "numbers begin where they are to");
    tap_is(head.current.flags, 0, "  and nothing was before");

    head.state = NGX_MULTISOURCE_INDEX_LIVE;
    head.target_duration = 2;
    head.part_target = 18900;
    head.window = 60000;

    add(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_snapshot(&index, &snapshot, &test_log),
           NGX_OK, "  a snapshot");
    tap_is(snapshot.nsegments * 100 + snapshot.nparts, 1, "  of one part");
    tap_is(ngx_multisource_index_find(&index, 0, &found), NGX_DECLINED,
           "  there is none of a lower number");

    begin(&index, 0, &head);
    ngx_multisource_index_take(&index, &head, EPOCH + 2, 1);

    tap_is(head.current.msn, 2, "  they go on");
    tap_is(head.current.flags, NGX_MULTISOURCE_INDEX_DISCONTINUITY,
           "  after another session");

    ngx_multisource_index_commit(&index, &head);
    ngx_multisource_index_forget(&snapshot);
    ngx_multisource_index_close(&index);
}


static void
test_session(void)
{
    head_t      head;
    part_t      part;
    index_t     index;
    uint32_t    last;
    uint64_t    msn;
    segment_t   found;
    ngx_uint_t  i;
    snapshot_t  snapshot;

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(0, 0, &index);
    take(&index, EPOCH);

    begin(&index, EPOCH, &head);

    tap_is(head.epoch, EPOCH, "the head has the session's epoch");
    tap_is(head.current.epoch, EPOCH, "the first segment too");
    tap_is(head.current.msn, 0, "it has the number 0");
    tap_is(head.current.flags, 0, "and no discontinuity");
    tap_is(ngx_multisource_index_last(&head, &msn, &last), NGX_DECLINED,
           "there is no last part");

    head.current.init = 3;
    add(&index, &head);
    add(&index, &head);

    tap_is(head.current.parts, 2, "two parts");
    tap_is(head.current.bytes, 2001, "with their bytes");
    tap_is(head.current.duration, 35999, "and durations");
    tap_is(ngx_multisource_index_last(&head, &msn, &last), NGX_OK,
           "there is a last part");
    tap_is(msn * 100 + last, 1, "  the second one of segment 0");

    tap_is(ngx_multisource_index_find_part(&index, 0, 0, &found, &part),
           NGX_DECLINED, "nothing is shown before the commit");

    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_find_part(&index, 0, 1, &found, &part),
           NGX_OK, "then there is the part");
    tap_is(part.offset, 1000, "  where it is in the file");
    tap_is(part.bytes, 1001, "  and how long");
    tap_is(found.epoch, EPOCH, "  in whose file");
    tap_is(ngx_multisource_index_find_part(&index, 0, 2, &found, &part),
           NGX_DECLINED, "the next one is not there");
    tap_is(ngx_multisource_index_find(&index, 1, &found), NGX_DECLINED,
           "nor the next segment");

    begin(&index, EPOCH, &head);
    ngx_multisource_index_finish(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    tap_is(head.open, 1, "a segment is complete");
    tap_is(head.current.msn, 1, "and the next one open");
    tap_is(head.current.init, 3, "with the same init section");
    tap_is(head.current.flags, 0, "and no flag");
    tap_is(ngx_multisource_index_last(&head, &msn, &last), NGX_OK,
           "the last part is still known");
    tap_is(msn * 100 + last, 1, "  the second one of segment 0");
    tap_is(ngx_multisource_index_find(&index, 0, &found), NGX_OK,
           "the segment is found");
    tap_is(found.bytes, 2001, "  as it was");
    tap_is(found.flags, NGX_MULTISOURCE_INDEX_INDEPENDENT, "  with its flags");

    begin(&index, EPOCH, &head);
    ngx_multisource_index_finish(&index, &head);
    tap_is(head.open, 1, "a segment without parts is not completed");
    ngx_multisource_index_abandon(&index);

    /* another session, while a segment is open */

    begin(&index, EPOCH, &head);
    add(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    begin(&index, 0, &head);
    ngx_multisource_index_take(&index, &head, EPOCH + 1, 0);
    ngx_multisource_index_take(&index, &head, EPOCH + 2, 0);
    ngx_multisource_index_commit(&index, &head);

    tap_is(head.open, 2, "the open segment was closed");
    tap_is(head.current.epoch, EPOCH + 2, "the next one is the other's");
    tap_is(head.current.flags, NGX_MULTISOURCE_INDEX_DISCONTINUITY,
           "with a discontinuity");
    tap_is(ngx_multisource_index_begin(&index, path, EPOCH, &head),
           NGX_DECLINED, "who had it may not write");

    begin(&index, EPOCH + 2, &head);
    add(&index, &head);
    tap_is(head.current.dsn, 1, "discontinuities are counted");
    add(&index, &head);
    tap_is(head.current.dsn, 1, "once");
    ngx_multisource_index_finish(&index, &head);
    tap_is(head.current.dsn, 1, "and kept");

    head.current.flags |= NGX_MULTISOURCE_INDEX_DISCONTINUITY;
    head.current.init = 1;
    add(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_snapshot(&index, &snapshot, &test_log),
           NGX_OK, "a snapshot");
    tap_is(snapshot.nsegments, 3, "  three segments are complete");
    tap_is(snapshot.nparts, 6, "  their parts and one more are there");

    for (i = 0; i < 6; i++) {
        tap_is(snapshot.parts[i].number, i, "  each part");
    }

    tap_is(snapshot.segments[0].dsn, 0, "  the first");
    tap_is(snapshot.segments[1].dsn, 0, "  the second");
    tap_is(snapshot.segments[2].dsn, 1, "  the third, of the other session");
    tap_is(snapshot.segments[2].epoch, EPOCH + 2, "    of its epoch");
    tap_is(snapshot.head.current.dsn, 2, "  and a change of codec");

    begin(&index, EPOCH + 2, &head);
    ngx_multisource_index_finish(&index, &head);

    ngx_memzero(&part, sizeof(part_t));
    part.duration = 9000;
    part.flags = NGX_MULTISOURCE_INDEX_GAP;

    ngx_multisource_index_add(&index, &head, &part);
    ngx_multisource_index_finish(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_find(&index, 4, &found), NGX_OK,
           "a segment without a byte");
    tap_is(found.flags, NGX_MULTISOURCE_INDEX_GAP, "  is a gap");

    /* everything goes, what is open too */

    begin(&index, EPOCH + 2, &head);
    add(&index, &head);

    for (i = 0;
         ngx_multisource_index_expire(&index, &head, 1, &found) == NGX_OK;
         i++)
    {
        tap_is(found.msn, i, "a file is not needed");
    }

    tap_is(i, 6, "all have expired");
    tap_is(head.oldest, 6, "none is kept");
    tap_is(head.first, 6, "none is listed");
    tap_is(ngx_multisource_index_last(&head, &msn, &last), NGX_DECLINED,
           "and there is no last part");

    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_snapshot(&index, &snapshot, &test_log),
           NGX_OK, "a snapshot");
    tap_is(snapshot.nsegments + snapshot.nparts, 0, "  of nothing");

    take(&index, EPOCH + 3);
    begin(&index, EPOCH + 3, &head);
    add(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    tap_is(head.current.msn, 6, "the numbers go on");
    tap_is(head.current.dsn, 3, "those of discontinuities too");

    ngx_multisource_index_close(&index);
    ngx_multisource_index_forget(&snapshot);
}


/* the list holds the window and 3 target durations, and not a segment more */

/* what the first part of a segment is made of, and whether that is complete */

static void
keyed(index_t *index, uint32_t segment_flags, uint32_t part_flags,
    uint32_t bytes, ngx_uint_t finish)
{
    head_t  head;
    part_t  part;

    begin(index, 0, &head);

    ngx_memzero(&part, sizeof(part_t));
    part.bytes = bytes;
    part.duration = 18000;
    part.flags = part_flags;

    head.current.flags |= segment_flags;

    ngx_multisource_index_add(index, &head, &part);

    part.bytes = 10;
    part.flags = NGX_MULTISOURCE_INDEX_INDEPENDENT;     /* somewhere in it */

    ngx_multisource_index_add(index, &head, &part);

    if (finish) {
        ngx_multisource_index_finish(index, &head);
    }

    ngx_multisource_index_commit(index, &head);
}


static void
test_keyed(void)
{
    head_t     head;
    part_t     part;
    index_t    index;
    segment_t  found;

    const uint32_t  key = NGX_MULTISOURCE_INDEX_INDEPENDENT;
    const uint32_t  gap = NGX_MULTISOURCE_INDEX_GAP;

    fresh(0, 0, &index);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part),
           NGX_DECLINED, "no keyframe in an index that is new");

    take(&index, EPOCH);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part),
           NGX_DECLINED, "nor in one without parts");

    keyed(&index, 0, key, 100, 1);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part),
           NGX_DECLINED, "a keyframe somewhere in a part begins none");

    keyed(&index, key, key, 101, 0);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part), NGX_OK,
           "one that begins the segment does, before that is complete");
    tap_is(found.msn, 1, "  in which segment");
    tap_is(part.offset, 0, "  at its beginning");
    tap_is(part.bytes, 101, "  without the next part");

    begin(&index, 0, &head);
    ngx_multisource_index_finish(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    keyed(&index, key, key | gap, 102, 1);
    keyed(&index, key, key | gap, 0, 1);
    keyed(&index, key, 0, 103, 1);
    keyed(&index, 0, 0, 104, 0);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part), NGX_OK,
           "an older one while none is there that is better");
    tap_is(found.msn, 1, "  that one");

    begin(&index, 0, &head);
    ngx_multisource_index_finish(&index, &head);
    ngx_multisource_index_commit(&index, &head);

    keyed(&index, key, key, 105, 1);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part), NGX_OK,
           "a new one");
    tap_is(part.bytes, 105, "  of a complete segment");

    take(&index, EPOCH + 1);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part),
           NGX_DECLINED, "that of a session before is none");

    keyed(&index, key, key, 106, 0);

    tap_is(ngx_multisource_index_find_keyed(&index, &found, &part), NGX_OK,
           "but its own is");
    tap_is(found.epoch, EPOCH + 1, "  in its file");

    ngx_multisource_index_close(&index);
}


static void
test_window(void)
{
    int         exact, enough, back;
    head_t      head;
    index_t     index;
    uint64_t    total, kept, before;
    ngx_uint_t  i, j;
    uint32_t    durations[600];

    static const uint32_t  windows[] = { 60000, 0, 6000, 6001, 20000, 60000 };

    fresh(200, 0, &index);
    take(&index, EPOCH);

    exact = enough = 1;
    back = 0;

    begin(&index, EPOCH, &head);

    for (i = 0; i < 600; i++) {
        durations[i] = 1 + random_below(2 * HZ);
        head.window = windows[i / 100];
        before = head.first;

        (void) segment(&index, &head, durations[i]);

        kept = (uint64_t) ngx_max(head.window, 6000) * 90;

        for (total = 0, j = head.first; j <= i; j++) {
            total += durations[j];
        }

        /* with a larger window it takes a while until that is full */

        enough &= head.first == before || total >= kept;
        exact &= total - durations[head.first] < kept;
        back |= head.first < before;

        if (i % 100 == 99) {
            ngx_multisource_index_commit(&index, &head);
            begin(&index, EPOCH, &head);
        }
    }

    tap_ok(exact, "no segment is listed that could leave");
    tap_ok(enough, "none leaves when the others do not hold the window");
    tap_ok(!back, "none comes back");
    tap_ok(head.first > 400, "and they do leave");

    ngx_multisource_index_abandon(&index);
    ngx_multisource_index_close(&index);
}


/*
 * The time line of another account: which segment was on which list, how long
 * the longest of them was, and since when it is off
 */

static void
test_expire(void)
{
    int          late, early;
    head_t       head;
    index_t      index;
    uint64_t     now, first, oldest, total, waits;
    segment_t    expired;
    ngx_uint_t   i, j, most;
    part_t       part;

    static uint32_t  durations[4000];
    static uint64_t  longest[4000], off[4000];

    fresh(256, 0, &index);
    take(&index, EPOCH);

    begin(&index, EPOCH, &head);

    ngx_memzero(&part, sizeof(part_t));
    part.bytes = 1;

    late = early = 0;
    now = first = oldest = 0;
    most = 0;

    for (i = 0; i < 4000; i++) {
        durations[i] = HZ + random_below(HZ);
        now += durations[i];

        part.duration = durations[i];
        ngx_multisource_index_add(&index, &head, &part);

        /* the list is longest with the parts of this one, before it is done */

        for (total = 0, j = first; j <= i; j++) {
            total += durations[j];
        }

        for (j = first; j <= i; j++) {
            longest[j] = ngx_max(longest[j], total);
        }

        if (i % 500 == 0) {
            head.window = 20000 + random_below(60000);
        }

        ngx_multisource_index_finish(&index, &head);

        for ( /* void */ ; first < head.first; first++) {
            off[first] = now;
        }

        while (ngx_multisource_index_expire(&index, &head, 0, &expired)
               == NGX_OK)
        {
            early += expired.msn != oldest;
            early += now - off[oldest] < durations[oldest] + longest[oldest];
            oldest++;
        }

        if (oldest < first) {
            waits = durations[oldest] + longest[oldest];
            late += now - off[oldest] >= waits;
        }

        most = ngx_max(most, head.open - head.oldest);

        if (i % 16 == 0) {
            ngx_multisource_index_commit(&index, &head);
            begin(&index, EPOCH, &head);
        }
    }

    tap_is(early, 0, "no file goes before its time");
    tap_is(late, 0, "none stays longer");
    tap_ok(most < 80 * 2 + 5, "of segments of a second at least");

    ngx_multisource_index_abandon(&index);
    ngx_multisource_index_close(&index);

    /* a source that is there for days */

    fresh(0, 0, &index);
    ngx_multisource_index_close(&index);
    fresh(128, 0, &index);
    take(&index, EPOCH);

    most = 0;

    for (i = 0; i < 100000; i++) {
        begin(&index, EPOCH, &head);
        (void) segment(&index, &head, 2 * HZ);
        ngx_multisource_index_commit(&index, &head);

        most = ngx_max(most, head.open - head.oldest);

        if (i == 9) {
            tap_is(head.open - head.first, 10, "the list grows");
        }
    }

    tap_is(head.open, 100000, "100,000 segments of 2 s");
    tap_is(head.open - head.first, 30, "a window of 60 s is listed");
    tap_is(most, 62, "and never more than 62 files were there");

    ngx_multisource_index_close(&index);
}


static void
test_full_ring(void)
{
    int         ok;
    head_t      head;
    part_t      part;
    index_t     index, reader;
    segment_t   found;
    ngx_uint_t  i, j, n, most;
    snapshot_t  snapshot;

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(32, 64, &index);
    take(&index, EPOCH);

    if (ngx_multisource_index_open(&reader, path, &test_log) != NGX_OK) {
        bail("cannot open");
    }

    /* the window asks for 1800 segments */

    begin(&index, EPOCH, &head);
    head.window = 3600000;
    ngx_multisource_index_commit(&index, &head);

    for (ok = 1, n = 0, most = 0, i = 0; i < 300; i++) {
        begin(&index, EPOCH, &head);
        n += segment(&index, &head, 2 * HZ);
        ngx_multisource_index_commit(&index, &head);

        ok &= ngx_multisource_index_snapshot(&reader, &snapshot, &test_log)
              == NGX_OK;
        ok &= snapshot.nsegments == ngx_min(i + 1, 24);

        most = ngx_max(most, head.open - head.oldest);
    }

    tap_ok(ok, "a ring that is too small shortens the list");
    tap_is(n, 300 - 24, "what leaves it expires at once");
    tap_is(most, 24, "and some slots stay free");

    /* several segments in one change, while readers have the last one */

    for (ok = 1, i = 0; i < 50; i++) {
        begin(&index, EPOCH, &head);

        for (j = 0; j < 1 + i % 8; j++) {
            (void) segment(&index, &head, 2 * HZ);

            ok &= ngx_multisource_index_snapshot(&reader, &snapshot,
                                                 &test_log) == NGX_OK;
            ok &= snapshot.nsegments == 24;
        }

        ngx_multisource_index_commit(&index, &head);
    }

    tap_ok(ok, "up to 8 of them in one change disturb no reader");

    /* a caller who never asks what expired, nor commits in time */

    for (ok = 1, i = 0; i < 20; i++) {
        begin(&index, EPOCH, &head);

        for (j = 0; j < 100; j++) {
            ngx_memzero(&part, sizeof(part_t));
            part.bytes = 5;
            part.duration = 2 * HZ;

            ngx_multisource_index_add(&index, &head, &part);
            ngx_multisource_index_finish(&index, &head);

            ok &= ngx_multisource_index_snapshot(&reader, &snapshot,
                                                 &test_log) == NGX_OK;
            ok &= snapshot.nsegments <= 24;
            ok &= ngx_multisource_index_find(&reader, snapshot.head.oldest,
                                             &found) == NGX_OK;
        }

        ngx_multisource_index_commit(&index, &head);
    }

    tap_ok(ok, "nor does a caller who forgets the rest");

    /* parts are overwritten: 64 are kept, and the segment has 100 */

    take(&index, EPOCH + 1);
    begin(&index, EPOCH + 1, &head);

    for (i = 0; i < 100; i++) {
        add(&index, &head);
    }

    ngx_multisource_index_commit(&index, &head);

    tap_is(ngx_multisource_index_find_part(&reader, head.open, 35, &found,
                                           &part),
           NGX_DECLINED, "an overwritten part is not there");
    tap_is(ngx_multisource_index_find_part(&reader, head.open, 36, &found,
                                           &part),
           NGX_OK, "the oldest of the others is");
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_OK, "a snapshot");
    tap_is(snapshot.nparts, 64, "  has what is there");
    tap_is(snapshot.parts[0].number, head.next_part - 64, "  of it");

    /* readers while one more is being written */

    begin(&index, EPOCH + 1, &head);
    add(&index, &head);

    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_OK, "a snapshot while one is overwritten");
    tap_is(snapshot.nparts, 63, "  is without it");
    tap_is(snapshot.parts[0].number, head.next_part - 64, "  in order");

    ngx_multisource_index_abandon(&index);

    ngx_multisource_index_close(&index);
    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&snapshot);
}


/* rings move into larger ones, at any position */

static void
test_enlarge(void)
{
    int         ok;
    head_t      head;
    part_t      part;
    index_t     index;
    segment_t   found;
    ngx_uint_t  i, size;
    snapshot_t  before, after;

    ngx_memzero(&before, sizeof(snapshot_t));
    ngx_memzero(&after, sizeof(snapshot_t));

    fresh(0, 0, &index);
    take(&index, EPOCH);

    for (ok = 1, size = 32, i = 0; i < 2000; i++) {

        begin(&index, EPOCH, &head);
        add(&index, &head);

        if (i % 7 == 6) {
            ngx_multisource_index_finish(&index, &head);

            while (ngx_multisource_index_expire(&index, &head, 0, &found)
                   == NGX_OK)
            { /* void */ }
        }

        ngx_multisource_index_commit(&index, &head);

        if (i % 97 != 96) {
            continue;
        }

        ok &= ngx_multisource_index_snapshot(&index, &before, &test_log)
              == NGX_OK;

        ngx_multisource_index_close(&index);
        size += 5;

        ok &= ngx_multisource_index_make(&index, path, size, 2 * size + 3)
              == NGX_OK;
        ok &= ngx_multisource_index_snapshot(&index, &after, &test_log)
              == NGX_OK;

        ok &= (before.sequence == after.sequence
               && ngx_memcmp(&before.head, &after.head, sizeof(head_t)) == 0
               && before.nsegments == after.nsegments
               && before.nparts == after.nparts
               && ngx_memcmp(before.segments, after.segments,
                             before.nsegments * sizeof(segment_t)) == 0
               && ngx_memcmp(before.parts, after.parts,
                             before.nparts * sizeof(part_t)) == 0);
        ok &= ngx_multisource_index_find(&index, head.oldest, &found)
              == NGX_OK;
        ok &= ngx_multisource_index_find_part(&index, head.open - 1, 6, &found,
                                              &part) == NGX_OK;
    }

    tap_ok(ok, "a larger index has what was in the smaller one");

    ngx_multisource_index_close(&index);
    ngx_multisource_index_forget(&before);
    ngx_multisource_index_forget(&after);
}


/* each field of the head at its extremes; nothing may crash nor read outside */

static void
test_damage(void)
{
    int         ok;
    head_t      head, whole;
    part_t      part;
    index_t     index, reader;
    uint64_t    value;
    segment_t   found;
    ngx_uint_t  i, j;
    snapshot_t  snapshot;

    static const uint64_t  values[] = {
        0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 44, 1ULL << 60,
        (1ULL << 60) - 1, 1ULL << 63, (uint64_t) -1
    };

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(32, 64, &index);
    take(&index, EPOCH);
    begin(&index, EPOCH, &head);

    for (i = 0; i < 50; i++) {
        add(&index, &head);

        if (i % 10 == 9) {
            ngx_multisource_index_finish(&index, &head);
        }
    }

    head.nreports = 1;
    ngx_memcpy(head.reports[0].source, "Face_Cam", 9);

    ngx_multisource_index_commit(&index, &head);
    whole = head;

    if (ngx_multisource_index_open(&reader, path, &test_log) != NGX_OK) {
        bail("cannot open");
    }

    for (ok = 1, i = 0; i < sizeof(head_t); i += 4) {
        for (j = 0; j < sizeof(values) / sizeof(values[0]); j++) {

            begin(&index, EPOCH, &head);

            value = values[j];
            ngx_memcpy((u_char *) &head + i, &value,
                       ngx_min(8, sizeof(head_t) - i));
            ngx_multisource_index_commit(&index, &head);

            if (ngx_multisource_index_snapshot(&reader, &snapshot, &test_log)
                == NGX_OK)
            {
                ok &= snapshot.nsegments <= 32 && snapshot.nparts <= 64;
                ok &= snapshot.head.first + snapshot.nsegments
                      == snapshot.head.open;
            }

            (void) ngx_multisource_index_find(&reader, head.oldest, &found);
            (void) ngx_multisource_index_find(&reader, head.open, &found);
            (void) ngx_multisource_index_find_part(&reader, head.open - 1, 3,
                                                   &found, &part);
            (void) ngx_multisource_index_find_part(&reader, head.open,
                                                   (ngx_uint_t) -1, &found,
                                                   &part);

            /* what is broken cannot be begun */

            ngx_multisource_index_commit(&index, &whole);
        }
    }

    tap_ok(ok, "heads with any numbers in them are checked");

    /* texts that would spoil a playlist */

    begin(&index, EPOCH, &head);
    ngx_memset(head.streams.codecs, 'a', sizeof(head.streams.codecs));
    ngx_multisource_index_commit(&index, &head);
    tap_is(ngx_multisource_index_head(&reader, &head, NULL), NGX_DECLINED,
           "codecs without an end");

    head = whole;
    ngx_memcpy(head.streams.codecs, "a\"\nb", 5);
    ngx_multisource_index_commit(&index, &head);
    tap_is(ngx_multisource_index_head(&reader, &head, NULL), NGX_DECLINED,
           "codecs with a quote");

    head = whole;
    ngx_memcpy(head.reports[0].source, "../x", 5);
    ngx_multisource_index_commit(&index, &head);
    tap_is(ngx_multisource_index_head(&reader, &head, NULL), NGX_DECLINED,
           "a source that is no name");

    head = whole;
    head.nreports = NGX_MULTISOURCE_INDEX_REPORTS + 1;
    ngx_multisource_index_commit(&index, &head);
    tap_is(ngx_multisource_index_head(&reader, &head, NULL), NGX_DECLINED,
           "too many reports");

    ngx_multisource_index_commit(&index, &whole);
    tap_is(ngx_multisource_index_snapshot(&reader, &snapshot, &test_log),
           NGX_OK, "the whole one is fine again");

    /* records that do not fit together */

    for (ok = 0, i = 0; i < 5; i++) {
        found = snapshot.segments[i];
        found.part++;

        /* a slot: the tag, and the record */

        for (j = 0; j + sizeof(segment_t) <= index.size; j += 8) {
            if (ngx_memcmp(index.data + j, &snapshot.segments[i],
                           sizeof(segment_t)) == 0)
            {
                ngx_memcpy(index.data + j, &found, sizeof(segment_t));
                ok += ngx_multisource_index_snapshot(&reader, &snapshot,
                                                     &test_log)
                      == NGX_DECLINED;
                found.part--;
                ngx_memcpy(index.data + j, &found, sizeof(segment_t));
                (void) ngx_multisource_index_snapshot(&reader, &snapshot,
                                                      &test_log);
                break;
            }
        }
    }

    tap_is(ok, 5, "parts that belong to two segments");

    found = snapshot.segments[4];
    found.bytes++;

    for (ok = 0, j = 0; j + sizeof(segment_t) <= index.size; j += 8) {
        if (ngx_memcmp(index.data + j, &snapshot.segments[4],
                       sizeof(segment_t)) == 0)
        {
            ngx_memcpy(index.data + j, &found, sizeof(segment_t));
            ok += ngx_multisource_index_snapshot(&reader, &snapshot,
                                                 &test_log) == NGX_DECLINED;
            break;
        }
    }

    tap_is(ok, 1, "parts that do not fill their segment");

    ngx_multisource_index_close(&index);
    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&snapshot);
}


/* what every snapshot of parts made by add() must be like */

static int
consistent(const snapshot_t *s)
{
    part_t             want;
    uint64_t           number, bytes, duration, listed;
    ngx_uint_t         i, j;
    const part_t      *part;
    const head_t      *head;
    const segment_t   *seg;

    head = &s->head;

    if (head->oldest > head->first || head->first > head->open
        || s->nsegments != head->open - head->first
        || head->next_part != head->current.part + head->current.parts)
    {
        return 0;
    }

    if (s->nparts
        && s->parts[s->nparts - 1].number + 1 != head->next_part)
    {
        return 0;
    }

    for (i = 0; i < s->nparts; i++) {
        part = &s->parts[i];
        fill(&want, part->number);

        if (part->number != s->parts[0].number + i
            || part->bytes != want.bytes
            || part->duration != want.duration
            || part->flags != want.flags)
        {
            return 0;
        }
    }

    listed = 0;

    for (i = 0; i <= s->nsegments; i++) {
        seg = i < s->nsegments ? &s->segments[i] : &head->current;

        if (seg->msn != head->first + i || seg->epoch != head->epoch) {
            return 0;
        }

        if (i && seg->part != seg[-1].part + seg[-1].parts
            && i < s->nsegments)
        {
            return 0;
        }

        if (i < s->nsegments && seg->parts != 10) {
            return 0;
        }

        if (seg->parts && seg->wall != (int64_t) seg->part * 200000) {
            return 0;
        }

        bytes = duration = 0;

        for (number = seg->part, j = 0; j < seg->parts; j++, number++) {
            fill(&want, number);

            if (s->nparts && number >= s->parts[0].number) {
                part = &s->parts[number - s->parts[0].number];

                if (part->offset != bytes) {
                    return 0;
                }
            }

            bytes += want.bytes;
            duration += want.duration;
        }

        if (seg->bytes != bytes || seg->duration != duration) {
            return 0;
        }

        listed += i < s->nsegments ? duration : 0;
    }

    return head->first == 0 || listed >= (uint64_t) head->window * 90;
}


/* what a writer does for a part */

static void
step(index_t *index, uint64_t epoch)
{
    head_t     head;
    segment_t  expired;

    begin(index, epoch, &head);
    add(index, &head);

    if (head.current.parts == 10) {
        ngx_multisource_index_finish(index, &head);

        while (ngx_multisource_index_expire(index, &head, 0, &expired)
               == NGX_OK)
        { /* void */ }
    }

    ngx_multisource_index_commit(index, &head);
}


static uint64_t
now_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/* killed at random moments, while readers read */

static void
test_kill(void)
{
    int         ok, status, goes_on;
    pid_t       pid;
    index_t     index, reader;
    uint64_t    end, until, last, sequence, parts;
    ngx_int_t   rc;
    ngx_uint_t  rounds, reads, again;
    snapshot_t  snapshot;

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(40, 128, &index);
    take(&index, EPOCH);

    if (ngx_multisource_index_open(&reader, path, &test_log) != NGX_OK) {
        bail("cannot open");
    }

    fflush(stdout);

    ok = goes_on = 1;
    rounds = reads = again = 0;
    last = sequence = parts = 0;
    end = now_us() + 1500000;

    while (now_us() < end) {

        pid = fork();

        if (pid == -1) {
            bail("cannot fork");
        }

        if (pid == 0) {
            index_t  own;

            if (ngx_multisource_index_make(&own, path, 0, 0) != NGX_OK) {
                _exit(1);
            }

            for ( ;; ) {
                step(&own, EPOCH);
            }
        }

        until = now_us() + random_below(3000);

        do {
            rc = ngx_multisource_index_snapshot(&reader, &snapshot, &test_log);

            if (rc == NGX_AGAIN) {
                again++;
                continue;
            }

            reads++;
            ok &= rc == NGX_OK && consistent(&snapshot)
                  && snapshot.sequence >= sequence
                  && snapshot.head.next_part >= parts;

            sequence = snapshot.sequence;
            parts = snapshot.head.next_part;

        } while (now_us() < until);

        (void) kill(pid, SIGKILL);

        if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
            ok = 0;
        }

        /* what it left, and that the lock is free */

        ok &= ngx_multisource_index_snapshot(&reader, &snapshot, &test_log)
              == NGX_OK
              && consistent(&snapshot);

        last = snapshot.head.next_part;

        step(&index, EPOCH);

        goes_on &= ngx_multisource_index_snapshot(&reader, &snapshot,
                                                  &test_log) == NGX_OK
                   && consistent(&snapshot)
                   && snapshot.head.next_part == last + 1;

        sequence = snapshot.sequence;
        parts = snapshot.head.next_part;
        rounds++;
    }

    tap_ok(ok, "a killed writer leaves what was valid");
    tap_ok(goes_on, "and the next one goes on");
    tap_ok(rounds > 5 && reads > rounds,
           "with readers in between, many times");
    tap_ok(again < reads, "who got what they wanted");

    ngx_multisource_index_close(&index);
    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&snapshot);
}


static int
equal(const snapshot_t *a, const snapshot_t *b)
{
    return a->sequence == b->sequence
           && ngx_memcmp(&a->head, &b->head, sizeof(head_t)) == 0
           && a->nsegments == b->nsegments
           && a->nparts == b->nparts
           && ngx_memcmp(a->segments, b->segments,
                         a->nsegments * sizeof(segment_t)) == 0
           && ngx_memcmp(a->parts, b->parts, a->nparts * sizeof(part_t)) == 0;
}


/*
 * A writer that is stopped after each instruction of what it does for the part
 * that ends a segment, in rings that are full: whatever it has done so far,
 * readers have all of what was before, or of what is after it
 */

static void
test_instructions(void)
{
    int         status, torn, changes, mixed;
    pid_t       pid;
    part_t      part, want;
    index_t     index, reader;
    uint64_t    number;
    ngx_uint_t  i, steps;
    segment_t   found;
    snapshot_t  before, snapshot;

    ngx_memzero(&before, sizeof(snapshot_t));
    ngx_memzero(&snapshot, sizeof(snapshot_t));

    /* the ring of parts is larger than what is listed, as it should be */

    fresh(80, 128, &index);
    take(&index, EPOCH);

    for (i = 0; i < 1009; i++) {
        step(&index, EPOCH);
    }

    if (ngx_multisource_index_open(&reader, path, &test_log) != NGX_OK
        || ngx_multisource_index_snapshot(&reader, &before, &test_log)
           != NGX_OK)
    {
        bail("cannot read");
    }

    fflush(stdout);

    pid = fork();

    if (pid == -1) {
        bail("cannot fork");
    }

    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1) {
            _exit(3);
        }

        (void) raise(SIGSTOP);

        step(&index, EPOCH);

        _exit(0);
    }

    if (waitpid(pid, &status, 0) != pid) {
        bail("cannot wait");
    }

    if (!WIFSTOPPED(status)) {
        tap_ok(1, "one instruction at a time # SKIP no ptrace here");
        goto done;
    }

    torn = changes = mixed = 0;

    /* the one that will be overwritten */

    number = before.head.next_part - index.nparts;
    fill(&want, number);

    for (steps = 0; WIFSTOPPED(status); steps++) {

        if (ngx_multisource_index_snapshot(&reader, &snapshot, &test_log)
            != NGX_OK)
        {
            torn++;

        } else if (!equal(&before, &snapshot)) {

            torn += !consistent(&snapshot);
            changes++;

            ngx_multisource_index_forget(&before);
            before = snapshot;
            ngx_memzero(&snapshot, sizeof(snapshot_t));
        }

        if (ngx_multisource_index_find_part(&reader, number / 10, number % 10,
                                            &found, &part)
            == NGX_OK)
        {
            mixed += part.bytes != want.bytes || part.number != number;
        }

        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1
            || waitpid(pid, &status, 0) != pid)
        {
            bail("cannot go on");
        }
    }

    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && steps > 500,
           "one instruction at a time");
    tap_is(torn, 0, "no reader had anything else");
    tap_is(changes, 1, "than what was before, or after");
    tap_is(mixed, 0, "nor a part that is half another one");

done:

    ngx_multisource_index_close(&index);
    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&before);
    ngx_multisource_index_forget(&snapshot);
}


static index_t  interrupting;


static void
interrupt(int signo)
{
    step(&interrupting, EPOCH);
    step(&interrupting, EPOCH);
}


/* a reader that is interrupted anywhere, while both heads become others */

static void
test_interrupted(void)
{
    int               ok;
    timer_t           timer;
    index_t           reader;
    uint64_t          end;
    ngx_int_t         rc;
    ngx_uint_t        reads;
    snapshot_t        snapshot;
    struct sigevent   event;
    struct sigaction  action;
    struct itimerspec interval;

    ngx_memzero(&snapshot, sizeof(snapshot_t));

    fresh(80, 128, &interrupting);
    take(&interrupting, EPOCH);
    step(&interrupting, EPOCH);

    if (ngx_multisource_index_open(&reader, path, &test_log) != NGX_OK) {
        bail("cannot open");
    }

    ngx_memzero(&action, sizeof(action));
    action.sa_handler = interrupt;
    action.sa_flags = SA_RESTART;

    ngx_memzero(&event, sizeof(event));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;

    ngx_memzero(&interval, sizeof(interval));
    interval.it_value.tv_nsec = 70000;
    interval.it_interval.tv_nsec = 70000;

    if (sigaction(SIGUSR1, &action, NULL) == -1
        || timer_create(CLOCK_MONOTONIC, &event, &timer) == -1
        || timer_settime(timer, 0, &interval, NULL) == -1)
    {
        bail("no timer");
    }

    ok = 1;
    reads = 0;
    end = now_us() + 400000;

    while (now_us() < end) {
        rc = ngx_multisource_index_snapshot(&reader, &snapshot, &test_log);

        if (rc == NGX_AGAIN) {
            continue;
        }

        ok &= rc == NGX_OK && consistent(&snapshot);
        reads++;
    }

    (void) timer_delete(timer);
    (void) signal(SIGUSR1, SIG_IGN);

    tap_ok(ok && reads, "a reader that was interrupted has one head");

    ngx_multisource_index_close(&interrupting);
    ngx_multisource_index_close(&reader);
    ngx_multisource_index_forget(&snapshot);
}


/* several make it at once, and all of them write */

static void
test_race(void)
{
    int         status, ok, round;
    pid_t       pids[4];
    head_t      head;
    index_t     index;
    ngx_uint_t  i, n;

    fflush(stdout);

    for (ok = 1, round = 0; round < 20; round++) {

        (void) unlink(path);

        for (i = 0; i < 4; i++) {
            pids[i] = fork();

            if (pids[i] == -1) {
                bail("cannot fork");
            }

            if (pids[i] == 0) {

                for (n = 0; n < 20; /* void */ ) {

                    /* the larger rings of one replace those of another */

                    if (ngx_multisource_index_make(&index, path,
                                                   32 + 8 * (i % 2), 0)
                        != NGX_OK)
                    {
                        _exit(1);
                    }

                    while (n < 20
                           && ngx_multisource_index_begin(&index, path, 0,
                                                          &head) == NGX_OK)
                    {
                        add(&index, &head);
                        ngx_multisource_index_commit(&index, &head);
                        n++;
                    }

                    ngx_multisource_index_close(&index);
                }

                _exit(0);
            }
        }

        for (i = 0; i < 4; i++) {
            ok &= waitpid(pids[i], &status, 0) == pids[i] && status == 0;
        }

        if (ngx_multisource_index_make(&index, path, 0, 0) != NGX_OK) {
            bail("cannot open");
        }

        begin(&index, 0, &head);
        ok &= head.next_part == 80;
        ngx_multisource_index_abandon(&index);
        ngx_multisource_index_close(&index);
    }

    tap_ok(ok, "four at once make one index, and no part is lost");
}


/* in a mount of its own, which ends with the process; exits with what failed */

static void
full_disk(void)
{
    int         i;
    head_t      head;
    index_t     index, small;
    char        name[96];

    if (unshare(CLONE_NEWNS) == -1
        || mount("none", "/", NULL, MS_REC|MS_PRIVATE, NULL) == -1
        || mount("none", dir, "tmpfs", 0, "size=64k") == -1)
    {
        _exit(77);
    }

    snprintf(name, sizeof(name), "%s.new", path);

    if (ngx_multisource_index_make(&index, path, 4096, 64) != NGX_ERROR
        || errno != ENOSPC)
    {
        _exit(1);
    }

    if (access(path, F_OK) == 0 || access(name, F_OK) == 0) {
        _exit(2);
    }

    if (ngx_multisource_index_make(&small, path, 32, 64) != NGX_OK) {
        _exit(3);
    }

    take(&small, EPOCH);
    step(&small, EPOCH);

    if (ngx_multisource_index_make(&index, path, 4096, 64) != NGX_ERROR
        || errno != ENOSPC)
    {
        _exit(4);
    }

    if (access(name, F_OK) == 0
        || ngx_multisource_index_replaced(&small, path))
    {
        _exit(5);
    }

    /* the rest of the disk is used up; the index needs no more of it */

    i = open(name, O_CREAT|O_WRONLY, 0644);

    while (write(i, name, sizeof(name)) > 0) { /* void */ }

    for (i = 0; i < 1000; i++) {
        step(&small, EPOCH);
    }

    begin(&small, EPOCH, &head);

    _exit(head.next_part == 1001 ? 0 : 6);
}


static void
test_full_disk(void)
{
    int    status;
    pid_t  pid;

    fflush(stdout);

    status = 0;
    pid = fork();

    if (pid == 0) {
        full_disk();
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid) {
        bail("cannot fork");
    }

    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        tap_ok(1, "a full disk # SKIP no mount here");
        return;
    }

    tap_is(status, 0, "a full disk is reported, and breaks nothing");
}


int
main(void)
{
    alarm(120);     /* instead of waiting for a lock, or in a loop */

    test_log.log_level = NGX_LOG_ERR;

    (void) strcpy(dir, "/tmp/multisource_index.XXXXXX");

    if (mkdtemp(dir) == NULL) {
        bail("cannot make a directory");
    }

    snprintf(path, sizeof(path), "%s/%s", dir, NGX_MULTISOURCE_INDEX_FILE);

    test_names();
    test_open();
    test_make();
    test_first();
    test_session();
    test_keyed();
    test_window();
    test_expire();
    test_full_ring();
    test_enlarge();
    test_damage();
    test_race();
    test_kill();
    test_instructions();
    test_interrupted();
    test_full_disk();

    (void) unlink(path);
    (void) rmdir(dir);

    return tap_done();
}
