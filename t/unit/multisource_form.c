
/*
 * Copyright (C) the ngx_live contributors
 *
 * Paths and bodies of requests about sessions: what they ask for, or the first
 * field that is wrong.
 */

/* sources: modules/common/ngx_live_body.c */
/* sources: modules/ngx_multisource/ngx_multisource_form.c */
/* sources: modules/ngx_multisource/ngx_multisource_name.c */
/* sources: modules/ngx_multisource/ngx_multisource_price.c */
/* libs: -ljansson */


#include "tap.h"
#include "multisource_streams.h"
#include "ngx_multisource_form.h"


#define TEN     "abcdefghij"
#define FIFTY   TEN TEN TEN TEN TEN
#define ID      "0123456789abcdef0123456789abcdef"

/* U+1F5A5 U+FE0F, U+2328 U+FE0F, U+1F469 U+200D U+1F4BB, a flag, "1" in a key
   cap, and a character of four bytes */

#define SCREEN    "\xf0\x9f\x96\xa5\xef\xb8\x8f"
#define KEYS      "\xe2\x8c\xa8\xef\xb8\x8f"
#define CODER     "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"
#define FLAG      "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define KEYCAP    "1\xef\xb8\x8f\xe2\x83\xa3"
#define FOUR      "\xf0\x9d\x84\x9e"
#define FOUR10    FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR
#define FOUR100   FOUR10 FOUR10 FOUR10 FOUR10 FOUR10                          \
                  FOUR10 FOUR10 FOUR10 FOUR10 FOUR10

#define NAME(x)   "{\"name\":\"" x "\"}"
#define NAMES10   NAME("a") "," NAME("b") "," NAME("c") "," NAME("d") ","     \
                  NAME("e") "," NAME("f") "," NAME("g") "," NAME("h") ","     \
                  NAME("i") "," NAME("j")
#define NAMES16   NAMES10 "," NAME("k") "," NAME("l") "," NAME("m") ","       \
                  NAME("n") "," NAME("o") "," NAME("p")

#define STREAM(x)  "{\"streams\":[{" x "}]}"
#define LABEL(x)   STREAM("\"label\":\"" x "\"")

#define PAIR      "[\"Screen\",\"Cam\"]"
#define PAIR8     PAIR "," PAIR "," PAIR "," PAIR ","                         \
                  PAIR "," PAIR "," PAIR "," PAIR
#define PAIR32    PAIR8 "," PAIR8 "," PAIR8 "," PAIR8


typedef struct {
    const char  *body;
    const char  *want;      /* what the test says of it; or the field that is
                               wrong, in parentheses, and the message */
} row_t;

typedef struct {
    ngx_str_t    path;
    const char  *want;
} path_t;

#define L(s)  { sizeof(s) - 1, (u_char *) s }


static char  said[4096];


static ngx_str_t  reserved[] = {
    ngx_string("admin"), ngx_string("api"), ngx_string("system")
};

static ngx_multisource_naming_t  naming = {
    ngx_string("_"), ngx_string("main"), reserved, 3
};

static ngx_multisource_show_record_t  show;


static const path_t  paths[] = {

    { L("session/start"), "start" },
    { L("session/" ID "/status"), "status " ID },
    { L("session/alice/status"), "status alice" },
    { L("session/" ID "/join"), "join " ID },
    { L("session/" ID "/preferences"), "preferences " ID },
    { L("session/" ID "/stop"), "stop " ID },
    { L("session/" ID "/events"), "events " ID },
    { L("session/" ID "/beacon"), "beacon " ID },
    { L("session/" ID "/analytics"), "analytics " ID },
    { L("session/" ID "/usage"), "usage " ID },
    { L("session/" ID "/director"), "director " ID },
    { L("session/" ID "/streams/Main_Screen"),
      "stream " ID " Main_Screen" },
    { L("stream/" ID ":Cam/signal/offer"), "offer " ID " Cam" },
    { L("stream/alice:Main_Screen/signal/candidate"),
      "candidate alice Main_Screen" },
    { L("stream/alice:Cam/signal/stop"), "signal-stop alice Cam" },
    { L("api/v1/livestream/session/start"), "start" },
    { L("api/v1/livestream/session/" ID "/status"), "status " ID },
    { L("api/v1/livestream/stream/" ID ":a-b/signal/offer"),
      "offer " ID " a-b" },

    /* names that are words of paths */

    { L("session/start/status"), "status start" },
    { L("session/session/stop"), "stop session" },
    { L("session/stop/streams/stop"), "stream stop stop" },
    { L("stream/stream:signal/signal/stop"), "signal-stop stream signal" },
    { L("session/" FIFTY "/status"), "status " FIFTY },
    { L("session/-/streams/_"), "stream - _" },

    { L(""), "none" },
    { L("/"), "none" },
    { L("session"), "none" },
    { L("session/"), "none" },
    { L("/session/start"), "none" },
    { L("session/start/"), "none" },
    { L("session//start"), "none" },
    { L("session/start/x"), "none" },
    { L("Session/start"), "none" },
    { L("session/START"), "none" },
    { L("session/starting"), "none" },
    { L("session/star"), "none" },
    { L("session/alice"), "none" },
    { L("session/alice/"), "none" },
    { L("session/alice/other"), "none" },
    { L("session/alice/status/"), "none" },
    { L("session/alice/status/x"), "none" },
    { L("session//status"), "none" },
    { L("session/" FIFTY "k/status"), "none" },
    { L("session/al.ice/status"), "none" },
    { L("session/../status"), "none" },
    { L("session/alice:Cam/status"), "none" },
    { L("session/caf\xc3\xa9/status"), "none" },
    { L("session/al\0ice/status"), "none" },
    { L("session/al ice/status"), "none" },
    { L("session/alice/streams"), "none" },
    { L("session/alice/streams/"), "none" },
    { L("session/alice/streams/a/b"), "none" },
    { L("session/alice/streams/a%2fb"), "none" },
    { L("session/alice/streams/" FIFTY "k"), "none" },
    { L("stream/alice/signal/offer"), "none" },
    { L("stream/alice:/signal/offer"), "none" },
    { L("stream/:Cam/signal/offer"), "none" },
    { L("stream/:/signal/offer"), "none" },
    { L("stream/alice:a:b/signal/offer"), "none" },
    { L("stream/alice:Cam/signal"), "none" },
    { L("stream/alice:Cam/signal/other"), "none" },
    { L("stream/alice:Cam/other/offer"), "none" },
    { L("stream/alice:Cam/signal/offer/x"), "none" },
    { L("stream/" ID ":" FIFTY "k/signal/offer"), "none" },
    { L("api/v1/livestream/"), "none" },
    { L("api/v1/livestream"), "none" },
    { L("api/v1/livestream//session/start"), "none" },
    { L("api/v1/livestream/api/v1/livestream/session/start"), "none" },
    { L("api/v2/livestream/session/start"), "none" },
    { L("a/b/c/d/e/f/g/h"), "none" },

    { { 0, NULL }, NULL }
};


static const char  *routes[] = {
    "none", "start", "status", "join", "preferences", "stop", "events",
    "beacon", "analytics", "usage", "director", "stream", "offer",
    "candidate", "signal-stop"
};


/* "TITLE" privacy: name/label/type ... */

static const row_t  starts[] = {

    { "{}", "\"\" -1:" },
    { "{\"title\":\"A show\"}", "\"A show\" -1:" },
    { "{\"title\":\"\"}", "\"\" -1:" },
    { "{\"title\":null,\"public\":null,\"streams\":null}", "\"\" -1:" },
    { "{\"title\":\"" FOUR100 "\"}", "\"" FOUR100 "\" -1:" },
    { "{\"title\":\"" FIFTY FIFTY "\"}", "\"" FIFTY FIFTY "\" -1:" },
    { "{\"public\":true}", "\"\" 0:" },
    { "{\"public\":false}", "\"\" 1:" },
    { "{\"streams\":[]}", "\"\" -1:" },

    { STREAM("\"name\":\"Main_Screen\",\"type\":\"screen\""),
      "\"\" -1: Main_Screen//screen" },
    { STREAM("\"name\":\"x\",\"type\":\"camera\""), "\"\" -1: x//camera" },
    { STREAM("\"name\":\"x\",\"type\":\"webcam\""), "\"\" -1: x//camera" },
    { STREAM("\"name\":\"x\",\"type\":\"audio\""), "\"\" -1: x//audio" },
    { STREAM("\"name\":\"x\",\"type\":\"other\""), "\"\" -1: x//other" },
    { STREAM("\"name\":\"Mic\""), "\"\" -1: Mic//audio" },
    { STREAM("\"name\":\"Mic\",\"type\":null,\"label\":null"),
      "\"\" -1: Mic//audio" },
    { STREAM("\"name\":\"" FIFTY "\""), "\"\" -1: " FIFTY "//other" },
    { STREAM("\"name\":\"a\",\"label\":\" The A \""),
      "\"\" -1: a/The A/other" },
    { STREAM("\"name\":\"a\",\"label\":\"\xc3\xa9\""),
      "\"\" -1: a/\xc3\xa9/other" },
    { "{\"streams\":[" NAME("Screen") "," NAME("screen") "]}",
      "\"\" -1: Screen//screen screen//screen" },
    { "{\"streams\":[" NAMES16 "]}",
      "\"\" -1: a//other b//other c//other d//other e//other f//other g//other "
      "h//other i//other j//other k//other l//other m//other n//other o//other "
      "p//other" },

    /* as the studio makes names of labels */

    { LABEL(SCREEN " Main Screen"),
      "\"\" -1: Main_Screen/" SCREEN " Main Screen/screen" },
    { LABEL("Main Screen"), "\"\" -1: Main_Screen/Main Screen/screen" },
    { LABEL("  Main   Screen  "), "\"\" -1: Main_Screen/Main   Screen/screen" },
    { LABEL("Face " CODER " Cam " FLAG),
      "\"\" -1: Face_Cam/Face " CODER " Cam " FLAG "/camera" },
    { LABEL("Type" KEYS "Writer"),
      "\"\" -1: TypeWriter/Type" KEYS "Writer/other" },
    { LABEL(KEYCAP " Cam"), "\"\" -1: Cam/" KEYCAP " Cam/camera" },
    { LABEL("#\xe2\x83\xa3 Cam 1"),
      "\"\" -1: Cam_1/#\xe2\x83\xa3 Cam 1/camera" },
    { LABEL("Cam 1"), "\"\" -1: Cam_1/Cam 1/camera" },
    { LABEL("Cam 1\xef\xb8\x8f"),
      "\"\" -1: Cam_1/Cam 1\xef\xb8\x8f/camera" },
    { LABEL("Cam\xc2\xa0" "A\xe3\x80\x80" "B"),
      "\"\" -1: Cam_A_B/Cam\xc2\xa0" "A\xe3\x80\x80" "B/camera" },
    { LABEL("_a - b_"), "\"\" -1: _a_-_b_/_a - b_/other" },
    { LABEL("Caf\xc3\xa9 Cam"), "\"\" -1: Caf_Cam/Caf\xc3\xa9 Cam/camera" },
    { LABEL("\xc3\xa9 Cam (1)"), "\"\" -1: Cam_1/\xc3\xa9 Cam (1)/camera" },
    { LABEL(FIFTY "()"), "\"\" -1: " FIFTY "/" FIFTY "()/other" },

    /* the first field that is wrong */

    { "{\"name\":\"x\"}", "(name) there is no such field here" },
    { "{\"title\":1}", "(title) title must be a text of up to 100 characters" },
    { "{\"title\":[\"x\"]}",
      "(title) title must be a text of up to 100 characters" },
    { "{\"title\":\"" FOUR100 "x\"}",
      "(title) title must be a text of up to 100 characters" },
    { "{\"public\":1}", "(public) public must be true or false" },
    { "{\"public\":\"true\"}", "(public) public must be true or false" },
    { "{\"streams\":{}}",
      "(streams) streams must be an array of up to 16 streams" },
    { "{\"streams\":[" NAMES16 "," NAME("q") "]}",
      "(streams) streams must be an array of up to 16 streams" },
    { "{\"streams\":[\"x\"]}",
      "(streams[0]) streams[0] must be an object with a name or a label" },
    { "{\"streams\":[null]}",
      "(streams[0]) streams[0] must be an object with a name or a label" },
    { "{\"streams\":[" NAMES10 ",[]]}",
      "(streams[10]) streams[10] must be an object with a name or a label" },
    { "{\"streams\":[{}]}",
      "(streams[0]) streams[0] must have a name or a label" },
    { STREAM("\"type\":\"screen\""),
      "(streams[0]) streams[0] must have a name or a label" },
    { STREAM("\"name\":\"a\",\"id\":\"b\""),
      "(streams[0].id) there is no such field here" },
    { STREAM("\"name\":\"a\",\"" FIFTY FIFTY "\":1"),
      "(streams[0]." FIFTY "ab) there is no such field here" },
    { STREAM("\"name\":\"\""),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":1"),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":\"a b\""),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":\"../a\""),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":\"" FIFTY "k\""),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":\"\",\"label\":\"Cam\""),
      "(streams[0].name) streams[0].name must be 1 to 50 letters, digits, "
      "\"_\" and \"-\"" },
    { STREAM("\"name\":\"Admin\""),
      "(streams[0].name) streams[0].name must not be a reserved name" },
    { LABEL("A p i"), "\"\" -1: A_p_i/A p i/other" },
    { LABEL("API" SCREEN),
      "(streams[0].label) streams[0].label must not be a reserved name" },
    { LABEL(""),
      "(streams[0].label) streams[0].label must be a text of 1 to 100 bytes" },
    { LABEL("   "),
      "(streams[0].label) streams[0].label must be a text of 1 to 100 bytes" },
    { LABEL(FIFTY FIFTY "k"),
      "(streams[0].label) streams[0].label must be a text of 1 to 100 bytes" },
    { STREAM("\"label\":7"),
      "(streams[0].label) streams[0].label must be a text of 1 to 100 bytes" },
    { LABEL(FIFTY FIFTY),
      "(streams[0].label) streams[0].label must have 1 to 50 of the letters, "
      "digits, \"_\" and \"-\" that a name is made of" },
    { LABEL(FIFTY " "), "\"\" -1: " FIFTY "/" FIFTY "/other" },
    { LABEL(FIFTY " k"),
      "(streams[0].label) streams[0].label must have 1 to 50 of the letters, "
      "digits, \"_\" and \"-\" that a name is made of" },
    { LABEL(SCREEN),
      "(streams[0].label) streams[0].label must have 1 to 50 of the letters, "
      "digits, \"_\" and \"-\" that a name is made of" },
    { LABEL("\xd0\xaf"),
      "(streams[0].label) streams[0].label must have 1 to 50 of the letters, "
      "digits, \"_\" and \"-\" that a name is made of" },
    { STREAM("\"name\":\"a\",\"type\":\"video\""),
      "(streams[0].type) streams[0].type must be screen, camera, audio or "
      "other" },
    { STREAM("\"name\":\"a\",\"type\":0"),
      "(streams[0].type) streams[0].type must be screen, camera, audio or "
      "other" },
    { "{\"streams\":[" NAME("a") "," NAME("a") "]}",
      "(streams[1].name) streams[1].name must be another one than those "
      "before" },
    { "{\"streams\":[" NAME("Main_Screen") ",{\"label\":\"Main Screen\"}]}",
      "(streams[1].label) streams[1].label must be another one than those "
      "before" },

    { NULL, NULL }
};


static const row_t  joins[] = {
    { "{}", "none" },
    { "{\"code\":null}", "none" },
    { "{\"code\":\"" ID "\"}", ID },
    { "{\"code\":\"x\"}", "x" },
    { "{\"code\":\"\"}",
      "(code) code must be the code that the session was started with" },
    { "{\"code\":7}",
      "(code) code must be the code that the session was started with" },
    { "{\"code\":\"" FIFTY TEN "klmno\"}",
      "(code) code must be the code that the session was started with" },
    { "{\"Code\":\"x\"}", "(Code) there is no such field here" },
    { NULL, NULL }
};


/* enabled in hexadecimal, main, layout, follow, pip's source, corner, size */

#define MAIN   "main must be a stream of the session, or null"
#define PIP    "pip.source must be a stream of the session, or null"
#define CORNER "pip.corner must be top-left, top-right, bottom-left or "      \
               "bottom-right"
#define SIZE   "pip.size must be a whole number from 10 to 40"
#define ALL    "enabled_streams must be names of streams of the session"

static const row_t  preferences[] = {

    { "{}", "3 0 1 0 1 3 25" },
    { "{\"enabled_streams\":[]}", "0 0 1 0 1 3 25" },
    { "{\"enabled_streams\":[\"Mic\"]}", "4 0 1 0 1 3 25" },
    { "{\"enabled_streams\":[\"Mic\",\"Screen\",\"Cam\"]}",
      "7 0 1 0 1 3 25" },
    { "{\"main\":\"Mic\"}", "3 2 1 0 1 3 25" },
    { "{\"main\":null}", "3 255 1 0 1 3 25" },
    { "{\"layout\":\"single\"}", "3 0 0 0 1 3 25" },
    { "{\"layout\":\"pip\"}", "3 0 1 0 1 3 25" },
    { "{\"layout\":\"grid\"}", "3 0 2 0 1 3 25" },
    { "{\"follow\":true}", "3 0 1 1 1 3 25" },
    { "{\"follow\":false}", "3 0 1 0 1 3 25" },
    { "{\"pip\":{}}", "3 0 1 0 1 3 25" },
    { "{\"pip\":{\"source\":\"Mic\"}}", "3 0 1 0 2 3 25" },
    { "{\"pip\":{\"source\":null}}", "3 0 1 0 255 3 25" },
    { "{\"pip\":{\"corner\":\"top-left\"}}", "3 0 1 0 1 0 25" },
    { "{\"pip\":{\"corner\":\"top-right\"}}", "3 0 1 0 1 1 25" },
    { "{\"pip\":{\"corner\":\"bottom-left\"}}", "3 0 1 0 1 2 25" },
    { "{\"pip\":{\"corner\":\"bottom-right\"}}", "3 0 1 0 1 3 25" },
    { "{\"pip\":{\"size\":10}}", "3 0 1 0 1 3 10" },
    { "{\"pip\":{\"size\":40}}", "3 0 1 0 1 3 40" },
    { "{\"enabled_streams\":null,\"layout\":null,\"follow\":null,"
      "\"pip\":null}", "3 0 1 0 1 3 25" },
    { "{\"pip\":{\"corner\":null,\"size\":null}}", "3 0 1 0 1 3 25" },
    { "{\"enabled_streams\":[\"Cam\"],\"main\":\"Cam\",\"layout\":\"grid\","
      "\"follow\":true,\"pip\":{\"source\":\"Screen\",\"corner\":\"top-left\","
      "\"size\":33}}", "2 1 2 1 0 0 33" },

    { "{\"streams\":[]}", "(streams) there is no such field here" },
    { "{\"enabled_streams\":\"Mic\"}",
      "(enabled_streams) enabled_streams must be an array of names of "
      "streams" },
    { "{\"enabled_streams\":{}}",
      "(enabled_streams) enabled_streams must be an array of names of "
      "streams" },
    { "{\"enabled_streams\":[\"Mic\",1]}", "(enabled_streams) " ALL },
    { "{\"enabled_streams\":[null]}", "(enabled_streams) " ALL },
    { "{\"enabled_streams\":[\"Mic\",\"Gone\"]}", "(enabled_streams) " ALL },
    { "{\"enabled_streams\":[\"\"]}", "(enabled_streams) " ALL },
    { "{\"enabled_streams\":[\"mic\"]}", "(enabled_streams) " ALL },
    { "{\"enabled_streams\":[\"Mic\",\"Cam\",\"Mic\"]}",
      "(enabled_streams) enabled_streams must not name a stream twice" },
    { "{\"main\":\"Gone\"}", "(main) " MAIN },
    { "{\"main\":0}", "(main) " MAIN },
    { "{\"main\":\"\"}", "(main) " MAIN },
    { "{\"main\":[\"Mic\"]}", "(main) " MAIN },
    { "{\"layout\":\"pips\"}",
      "(layout) layout must be single, pip or grid" },
    { "{\"layout\":1}", "(layout) layout must be single, pip or grid" },
    { "{\"follow\":1}", "(follow) follow must be true or false" },
    { "{\"pip\":1}", "(pip) pip must be an object" },
    { "{\"pip\":[]}", "(pip) pip must be an object" },
    { "{\"pip\":{\"x\":1}}", "(pip.x) there is no such field here" },
    { "{\"pip\":{\"source\":\"Gone\"}}", "(pip.source) " PIP },
    { "{\"pip\":{\"source\":false}}", "(pip.source) " PIP },
    { "{\"pip\":{\"corner\":\"top\"}}", "(pip.corner) " CORNER },
    { "{\"pip\":{\"corner\":0}}", "(pip.corner) " CORNER },
    { "{\"pip\":{\"size\":9}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":41}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":266}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":-20}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":4294967316}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":20.0}}", "(pip.size) " SIZE },
    { "{\"pip\":{\"size\":\"20\"}}", "(pip.size) " SIZE },

    { NULL, NULL }
};


/* seq watched,watched,watched any watching switches: join stalls stalled
   leaving */

#define MS  " must be a whole number of ms from 0 to 3600000"
#define SEQ "(seq) seq must be a whole number from 1 to 4294967295"
#define ONE "(seq) seq must be given, from 1 and one more each time"
#define SW  "(switches) switches must be an array of up to 32 pairs of names"
#define SWP "(switches) switches must be pairs of names, as "                 \
            "[[\"FROM\", \"TO\"]]"

#define BEACON(x)   "{\"seq\":1," x "}"

static const row_t  beacons[] = {

    { "{\"seq\":1}", "1 0,0,0 0 0: 0 0 0 0" },
    { "{\"seq\":4294967295}", "4294967295 0,0,0 0 0: 0 0 0 0" },
    { BEACON("\"watched\":{\"Cam\":10000}"), "1 0,10000,0 10000 0: 0 0 0 0" },
    { BEACON("\"watched\":{\"Cam\":7000,\"Screen\":5000},\"watched_ms\":9000"),
      "1 5000,7000,0 9000 0: 0 0 0 0" },
    { BEACON("\"watched\":{\"Cam\":7000,\"Screen\":5000},\"watched_ms\":6999"),
      "1 5000,7000,0 7000 0: 0 0 0 0" },
    { BEACON("\"watched\":{\"Gone\":9000,\"Mic\":3600000,\"\":1,\"../\":2}"),
      "1 0,0,3600000 3600000 0: 0 0 0 0" },
    { BEACON("\"watched_ms\":3600000"), "1 0,0,0 3600000 0: 0 0 0 0" },
    { BEACON("\"watching\":[\"Mic\",\"Screen\",\"Gone\",\"Mic\",\"\"]"),
      "1 0,0,0 0 5: 0 0 0 0" },
    { BEACON("\"switches\":[" PAIR ",[\"Cam\",\"Mic\"]]"),
      "1 0,0,0 0 0: 0>1 1>2 0 0 0 0" },
    { BEACON("\"switches\":[[\"Gone\",\"Mic\"],[\"Mic\",\"Gone\"],"
             "[\"Mic\",\"Mic\"],[\"Mic\",\"Cam\"]]"),
      "1 0,0,0 0 0: 2>1 0 0 0 0" },
    { BEACON("\"switches\":[" PAIR32 "]"),
      "1 0,0,0 0 0: 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 "
      "0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 0>1 "
      "0 0 0 0" },
    { BEACON("\"join_ms\":812,\"stalls\":2,\"stalled_ms\":1500,"
             "\"leaving\":true"), "1 0,0,0 0 0: 812 2 1500 1" },
    { BEACON("\"join_ms\":3600000,\"stalls\":100000,\"stalled_ms\":3600000,"
             "\"leaving\":false"), "1 0,0,0 0 0: 3600000 100000 3600000 0" },
    { BEACON("\"watched\":null,\"watched_ms\":null,\"watching\":null,"
             "\"switches\":null,\"join_ms\":null,\"stalls\":null,"
             "\"stalled_ms\":null,\"leaving\":null"),
      "1 0,0,0 0 0: 0 0 0 0" },

    /* newer players may tell more */

    { BEACON("\"screen\":{\"x\":[1]}"), "1 0,0,0 0 0: 0 0 0 0" },

    { "{}", ONE },
    { "{\"seq\":null}", ONE },
    { "{\"seq\":0}", SEQ },
    { "{\"seq\":-1}", SEQ },
    { "{\"seq\":4294967296}", SEQ },
    { "{\"seq\":1.0}", SEQ },
    { "{\"seq\":\"1\"}", SEQ },
    { BEACON("\"watched\":[]"),
      "(watched) watched must be an object of names and ms" },
    { BEACON("\"watched\":5"),
      "(watched) watched must be an object of names and ms" },
    { BEACON("\"watched\":{\"Cam\":-1}"), "(watched.Cam) watched.Cam" MS },
    { BEACON("\"watched\":{\"Cam\":3600001}"),
      "(watched.Cam) watched.Cam" MS },
    { BEACON("\"watched\":{\"Cam\":10.5}"), "(watched.Cam) watched.Cam" MS },
    { BEACON("\"watched\":{\"Gone\":\"1\"}"),
      "(watched.Gone) watched.Gone" MS },
    { BEACON("\"watched\":{\"Cam\":[1]}"), "(watched.Cam) watched.Cam" MS },
    { BEACON("\"watched_ms\":-1"), "(watched_ms) watched_ms" MS },
    { BEACON("\"watched_ms\":3600001"), "(watched_ms) watched_ms" MS },
    { BEACON("\"watched_ms\":4294967297"), "(watched_ms) watched_ms" MS },
    { BEACON("\"watching\":\"Cam\""),
      "(watching) watching must be an array of names" },
    { BEACON("\"watching\":{}"),
      "(watching) watching must be an array of names" },
    { BEACON("\"watching\":[\"Cam\",1]"),
      "(watching) watching must be an array of names" },
    { BEACON("\"watching\":[null]"),
      "(watching) watching must be an array of names" },
    { BEACON("\"switches\":{}"), SW },
    { BEACON("\"switches\":[" PAIR32 "," PAIR "]"), SW },
    { BEACON("\"switches\":[\"Cam\"]"), SWP },
    { BEACON("\"switches\":[[]]"), SWP },
    { BEACON("\"switches\":[[\"Cam\"]]"), SWP },
    { BEACON("\"switches\":[[\"Cam\",\"Mic\",\"Screen\"]]"), SWP },
    { BEACON("\"switches\":[[\"Cam\",1]]"), SWP },
    { BEACON("\"switches\":[[null,\"Cam\"]]"), SWP },
    { BEACON("\"switches\":[{\"Cam\":\"Mic\"}]"), SWP },
    { BEACON("\"join_ms\":-1"), "(join_ms) join_ms" MS },
    { BEACON("\"join_ms\":3600001"), "(join_ms) join_ms" MS },
    { BEACON("\"stalls\":-1"),
      "(stalls) stalls must be a whole number from 0 to 100000" },
    { BEACON("\"stalls\":100001"),
      "(stalls) stalls must be a whole number from 0 to 100000" },
    { BEACON("\"stalled_ms\":true"), "(stalled_ms) stalled_ms" MS },
    { BEACON("\"leaving\":1"), "(leaving) leaving must be true or false" },

    { NULL, NULL }
};


static const row_t  directors[] = {
    { "{\"mode\":\"off\"}", "0 \"\"" },
    { "{\"mode\":\"manual\"}", "1 \"\"" },
    { "{\"mode\":\"activity\"}", "2 \"\"" },
    { "{\"mode\":\"manual\",\"source\":\"Main_Screen\"}", "1 \"Main_Screen\"" },
    { "{\"mode\":\"manual\",\"source\":\"" FIFTY "\"}", "1 \"" FIFTY "\"" },
    { "{\"mode\":\"off\",\"source\":null}", "0 \"\"" },
    { "{}", "(mode) mode must be given: off, manual or activity" },
    { "{\"source\":\"Cam\"}",
      "(mode) mode must be given: off, manual or activity" },
    { "{\"mode\":\"Off\"}", "(mode) mode must be off, manual or activity" },
    { "{\"mode\":1}", "(mode) mode must be off, manual or activity" },
    { "{\"mode\":\"manual\",\"source\":\"\"}",
      "(source) source must be the name of a source" },
    { "{\"mode\":\"manual\",\"source\":\"a b\"}",
      "(source) source must be the name of a source" },
    { "{\"mode\":\"manual\",\"source\":\"" FIFTY "k\"}",
      "(source) source must be the name of a source" },
    { "{\"mode\":\"manual\",\"source\":1}",
      "(source) source must be the name of a source" },
    { "{\"mode\":\"off\",\"at\":1}", "(at) there is no such field here" },
    { NULL, NULL }
};


static const row_t  streams[] = {
    { "{\"enabled\":true}", "1" },
    { "{\"enabled\":false}", "0" },
    { "{}", "(enabled) enabled must be true or false" },
    { "{\"enabled\":null}", "(enabled) enabled must be true or false" },
    { "{\"enabled\":1}", "(enabled) enabled must be true or false" },
    { "{\"enabled\":\"true\"}", "(enabled) enabled must be true or false" },
    { "{\"enabled\":true,\"name\":\"x\"}",
      "(name) there is no such field here" },
    { NULL, NULL }
};


#define SDP  "(sdp) sdp must be a session description of up to 65536 bytes"

static const row_t  offers[] = {
    { "{\"sdp\":\"v=0\\r\\no=-\\r\\n\"}", "v=0\r\no=-\r\n" },
    { "{\"sdp\":\"v=0\\n\",\"type\":\"offer\"}", "v=0\n" },
    { "{\"sdp\":\"v=0\\n\",\"type\":null,\"more\":1}", "v=0\n" },
    { "{}", SDP },
    { "{\"sdp\":\"\"}", SDP },
    { "{\"sdp\":1}", SDP },
    { "{\"sdp\":null}", SDP },
    { "{\"sdp\":\"o=-\\r\\n\"}",
      "(sdp) sdp must begin with the line v=0" },
    { "{\"sdp\":\"v=0\",\"type\":\"answer\"}", "(type) type must be offer" },
    { "{\"sdp\":\"v=0\",\"type\":1}", "(type) type must be offer" },
    { NULL, NULL }
};


/* candidate|mid|line|fragment|signal */

#define CANDIDATE  "(candidate) candidate must be \"candidate:...\" of up to " \
                   "512 bytes, or empty at their end"
#define UFRAG      "(usernameFragment) usernameFragment must be 4 to 256 "    \
                   "letters, digits, \"+\" and \"/\""
#define HOST       "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"

static const row_t  candidates[] = {
    { "{\"candidate\":\"" HOST "\"}", HOST "|-|0|-|-" },
    { "{\"candidate\":\"\"}", "|-|0|-|-" },
    { "{\"candidate\":\"" HOST "\",\"sdpMid\":\"0\",\"sdpMLineIndex\":1,"
      "\"usernameFragment\":\"aB+/\",\"signal_id\":\"ab-_9\"}",
      HOST "|0|1|aB+/|ab-_9" },
    { "{\"candidate\":\"\",\"sdpMid\":null,\"sdpMLineIndex\":null,"
      "\"usernameFragment\":null,\"signal_id\":null,\"foundation\":\"1\"}",
      "|-|0|-|-" },
    { "{}", CANDIDATE },
    { "{\"candidate\":null}", CANDIDATE },
    { "{\"candidate\":{}}", CANDIDATE },
    { "{\"candidate\":\"a=candidate:1\"}", CANDIDATE },
    { "{\"candidate\":\"candidate:" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY
      FIFTY FIFTY FIFTY "klm\"}", CANDIDATE },
    { "{\"candidate\":\"candidate:1\\r\\na=ice-lite\"}",
      "(candidate) candidate must have characters of ASCII only" },
    { "{\"candidate\":\"candidate:\xc3\xa9\"}",
      "(candidate) candidate must have characters of ASCII only" },
    { "{\"candidate\":\"\",\"sdpMLineIndex\":-1}",
      "(sdpMLineIndex) sdpMLineIndex must be a whole number from 0 to 255" },
    { "{\"candidate\":\"\",\"sdpMLineIndex\":\"0\"}",
      "(sdpMLineIndex) sdpMLineIndex must be a whole number from 0 to 255" },
    { "{\"candidate\":\"\",\"usernameFragment\":\"abc\"}", UFRAG },
    { "{\"candidate\":\"\",\"usernameFragment\":\"ab c\"}", UFRAG },
    { "{\"candidate\":\"\",\"usernameFragment\":\"\"}", UFRAG },
    { "{\"candidate\":\"\",\"sdpMid\":\"a b\"}",
      "(sdpMid) sdpMid must be the identification of a media" },
    { "{\"candidate\":\"\",\"sdpMid\":1}",
      "(sdpMid) sdpMid must be the identification of a media" },
    { "{\"candidate\":\"\",\"signal_id\":\"../x\"}",
      "(signal_id) signal_id must be the signal_id of the answer" },
    { NULL, NULL }
};


/* of the exact size, so that a sanitizer sees a read behind its end; without
   the rules of ngx_live_body_parse(), which are tested elsewhere */

static json_t *
parse(const char *text)
{
    char     *copy;
    json_t   *body;
    size_t    len;

    len = strlen(text);
    copy = malloc(len);

    if (copy == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    memcpy(copy, text, len);
    body = json_loadb(copy, len, JSON_REJECT_DUPLICATES, NULL);
    free(copy);

    if (body == NULL) {
        printf("Bail out! not JSON: %s\n", text);
        exit(2);
    }

    return body;
}


static void
wrong(ngx_live_body_error_t *error)
{
    snprintf(said, sizeof(said), "(%s) %s", error->field, error->message);
}


static const char *
title(const char *what, const char *body)
{
    static char  name[160];

    snprintf(name, sizeof(name), "%s %.120s", what, body);

    return name;
}


static void
test_paths(void)
{
    ngx_int_t                     rc;
    ngx_str_t                     text;
    const path_t                 *row;
    ngx_multisource_form_path_t   path;

    for (row = paths; row->want; row++) {
        text.len = row->path.len;
        text.data = malloc(text.len ? text.len : 1);

        if (text.data == NULL) {
            printf("Bail out! out of memory\n");
            exit(2);
        }

        ngx_memcpy(text.data, row->path.data, text.len);
        memset(&path, 0xa5, sizeof(path));

        rc = ngx_multisource_form_path(&text, &path);

        snprintf(said, sizeof(said), "%s%s%.*s%s%.*s", routes[path.what],
                 path.id.len ? " " : "", (int) path.id.len,
                 (char *) path.id.data, path.stream.len ? " " : "",
                 (int) path.stream.len, (char *) path.stream.data);

        if ((rc == NGX_OK) != (path.what != NGX_MULTISOURCE_FORM_UNKNOWN)) {
            strcpy(said, "a path that is none");
        }

        tap_is_text(said, row->want,
                    title("path", (char *) row->path.data));
        free(text.data);
    }
}


static void
test_starts(void)
{
    size_t                          n;
    json_t                         *body;
    ngx_uint_t                      i;
    const row_t                    *row;
    ngx_live_body_error_t           error;
    ngx_multisource_form_start_t    form;
    ngx_multisource_show_stream_t  *s;

    for (row = starts; row->body; row++) {
        body = parse(row->body);
        memset(&form, 0xa5, sizeof(form));

        if (ngx_multisource_form_start(body, &naming, &form, &error)
            != NGX_OK)
        {
            wrong(&error);

        } else {
            n = snprintf(said, sizeof(said), "\"%s\" %d:", (char *) form.title,
                         (int) form.private);

            for (i = 0; i < form.nstreams; i++) {
                s = &form.streams[i];
                n += snprintf(said + n, sizeof(said) - n, " %s/%s/%s%s",
                              (char *) s->name, (char *) s->label,
                              ngx_multisource_price_type(s->type),
                              s->expected == 1 && s->live == 0
                              && s->disabled == 0 && s->since == 0
                              ? "" : " and more");
            }
        }

        tap_is_text(said, row->want, title("start", row->body));
        json_decref(body);
    }
}


static void
test_joins(void)
{
    json_t                 *body;
    const row_t            *row;
    const char             *code;
    ngx_live_body_error_t   error;

    for (row = joins; row->body; row++) {
        body = parse(row->body);

        if (ngx_multisource_form_join(body, &code, &error) != NGX_OK) {
            wrong(&error);

        } else {
            snprintf(said, sizeof(said), "%s", code ? code : "none");
        }

        tap_is_text(said, row->want, title("join", row->body));
        json_decref(body);
    }

    tap_ok(ngx_multisource_form_join(NULL, &code, &error) == NGX_OK
           && code == NULL, "no body at all");
}


static void
test_preferences(void)
{
    json_t                         *body;
    const row_t                    *row;
    ngx_live_body_error_t           error;
    ngx_multisource_preferences_t   p, before;

    ngx_memzero(&before, sizeof(before));
    before.enabled = 3;
    before.pip = 1;
    before.layout = NGX_MULTISOURCE_LAYOUT_PIP;
    before.corner = NGX_MULTISOURCE_CORNER_BOTTOM_RIGHT;
    before.size = 25;

    for (row = preferences; row->body; row++) {
        body = parse(row->body);
        p = before;

        if (ngx_multisource_form_preferences(body, &show, &p, &error)
            != NGX_OK)
        {
            wrong(&error);

            if (memcmp(&p, &before, sizeof(p)) != 0) {
                strcpy(said, "changed");
            }

        } else {
            snprintf(said, sizeof(said), "%x %u %u %u %u %u %u%s", p.enabled,
                     p.main, p.layout, p.follow, p.pip, p.corner, p.size,
                     p.set == 1 ? "" : " not set");
        }

        tap_is_text(said, row->want, title("preferences", row->body));
        json_decref(body);
    }
}


static void
test_beacons(void)
{
    size_t                     n;
    json_t                    *body;
    ngx_uint_t                 i;
    const row_t               *row;
    ngx_live_body_error_t      error;
    ngx_multisource_beacon_t   b;

    for (row = beacons; row->body; row++) {
        body = parse(row->body);
        memset(&b, 0xa5, sizeof(b));

        if (ngx_multisource_form_beacon(body, &show, &b, &error) != NGX_OK) {
            wrong(&error);

        } else {
            n = snprintf(said, sizeof(said), "%u %u,%u,%u %u %x:", b.seq,
                         b.watched[0], b.watched[1], b.watched[2], b.any,
                         b.watching);

            for (i = 0; i < b.nswitches; i++) {
                n += snprintf(said + n, sizeof(said) - n, " %u>%u",
                              b.switches[i].from, b.switches[i].to);
            }

            snprintf(said + n, sizeof(said) - n, " %u %u %u %u", b.join_ms,
                     b.stalls, b.stalled, b.leaving);
        }

        tap_is_text(said, row->want, title("beacon", row->body));
        json_decref(body);
    }
}


static void
test_director(void)
{
    json_t                           *body;
    const row_t                      *row;
    ngx_uint_t                        enabled;
    ngx_live_body_error_t             error;
    ngx_multisource_form_director_t   form;

    for (row = directors; row->body; row++) {
        body = parse(row->body);
        memset(&form, 0xa5, sizeof(form));

        if (ngx_multisource_form_director(body, &form, &error) != NGX_OK) {
            wrong(&error);

        } else {
            snprintf(said, sizeof(said), "%u \"%s\"", (unsigned) form.mode,
                     (char *) form.source);
        }

        tap_is_text(said, row->want, title("director", row->body));
        json_decref(body);
    }

    for (row = streams; row->body; row++) {
        body = parse(row->body);

        if (ngx_multisource_form_stream(body, &enabled, &error) != NGX_OK) {
            wrong(&error);

        } else {
            snprintf(said, sizeof(said), "%u", (unsigned) enabled);
        }

        tap_is_text(said, row->want, title("stream", row->body));
        json_decref(body);
    }
}


static void
test_signals(void)
{
    char                              *text;
    json_t                            *body;
    const row_t                       *row;
    const char                        *sdp;
    ngx_live_body_error_t              error;
    ngx_multisource_form_candidate_t   c;

    for (row = offers; row->body; row++) {
        body = parse(row->body);

        if (ngx_multisource_form_offer(body, &sdp, &error) != NGX_OK) {
            wrong(&error);

        } else {
            snprintf(said, sizeof(said), "%s", sdp);
        }

        tap_is_text(said, row->want, title("offer", row->body));
        json_decref(body);
    }

    text = malloc(NGX_MULTISOURCE_FORM_SDP + 2);
    if (text == NULL) {
        printf("Bail out! out of memory\n");
        exit(2);
    }

    memset(text, 'a', NGX_MULTISOURCE_FORM_SDP + 1);
    memcpy(text, "v=0\n", 4);
    text[NGX_MULTISOURCE_FORM_SDP + 1] = '\0';

    body = json_pack("{s:s}", "sdp", text);
    tap_is(ngx_multisource_form_offer(body, &sdp, &error), NGX_ERROR,
           "an offer of 65537 bytes");
    json_decref(body);

    text[NGX_MULTISOURCE_FORM_SDP] = '\0';
    body = json_pack("{s:s}", "sdp", text);
    tap_is(ngx_multisource_form_offer(body, &sdp, &error), NGX_OK,
           "an offer of 65536 bytes");
    json_decref(body);
    free(text);

    for (row = candidates; row->body; row++) {
        body = parse(row->body);

        if (ngx_multisource_form_candidate(body, &c, &error) != NGX_OK) {
            wrong(&error);

        } else {
            snprintf(said, sizeof(said), "%s|%s|%u|%s|%s", c.candidate,
                     c.mid ? c.mid : "-", (unsigned) c.line,
                     c.fragment ? c.fragment : "-",
                     c.signal ? c.signal : "-");
        }

        tap_is_text(said, row->want, title("candidate", row->body));
        json_decref(body);
    }

    tap_ok(ngx_multisource_form_signal(NULL, &sdp, &error) == NGX_OK
           && sdp == NULL, "no body, and no signal_id");
}


/* bodies as they come, and a name that is the last of sixteen */

static void
test_whole(void)
{
    json_t                         *body;
    ngx_uint_t                      i;
    ngx_live_body_error_t           error;
    ngx_multisource_beacon_t        beacon;
    ngx_multisource_form_start_t    form;
    ngx_multisource_preferences_t   p;
    ngx_multisource_show_record_t   full;

    static u_char  start[] =
        "{\"title\":\"My \\u00e9vening\",\"public\":false,\"streams\":["
        "{\"label\":\"\\ud83d\\udda5\\ufe0f Main Screen\",\"type\":\"screen\"},"
        "{\"name\":\"Face_Cam\",\"label\":\"Me\",\"type\":\"webcam\"}]}";

    static u_char  all[] =
        "{\"seq\":9,\"watched\":{\"p\":5},\"watching\":[\"a\",\"p\"],"
        "\"switches\":[[\"a\",\"p\"]],\"enabled_streams\":[\"p\"]}";

    body = ngx_live_body_parse(start, sizeof(start) - 1, &error);
    tap_is(ngx_multisource_form_start(body, &naming, &form, &error), NGX_OK,
           "a start as it comes");
    tap_is_text((char *) form.title, "My \xc3\xa9vening", "its title");
    tap_is(form.private, 1, "it is private");
    tap_is(form.nstreams, 2, "two streams");
    tap_is_text((char *) form.streams[0].name, "Main_Screen", "one");
    tap_is_text((char *) form.streams[0].label, SCREEN " Main Screen",
                "as people read it");
    tap_is_text((char *) form.streams[1].name, "Face_Cam", "another one");
    tap_is_text((char *) form.streams[1].label, "Me", "as they read that");
    json_decref(body);

    ngx_memzero(&full, sizeof(full));
    full.nstreams = NGX_MULTISOURCE_SHOW_STREAMS;

    for (i = 0; i < NGX_MULTISOURCE_SHOW_STREAMS; i++) {
        full.streams[i].name[0] = (u_char) ('a' + i);
    }

    body = ngx_live_body_parse(all, sizeof(all) - 1, &error);
    tap_is(ngx_multisource_form_beacon(body, &full, &beacon, &error), NGX_OK,
           "a beacon of a full show");
    tap_is(beacon.watched[15], 5, "the last stream");
    tap_is(beacon.watching, 0x8001, "its bit");
    tap_is(beacon.switches[0].to, 15, "its number");

    ngx_memzero(&p, sizeof(p));
    json_object_del(body, "seq");
    json_object_del(body, "watched");
    json_object_del(body, "watching");
    json_object_del(body, "switches");
    tap_is(ngx_multisource_form_preferences(body, &full, &p, &error), NGX_OK,
           "preferences of a full show");
    tap_is(p.enabled, 0x8000, "the last stream");
    json_decref(body);

    tap_is(ngx_multisource_form_start(NULL, &naming, &form, &error), NGX_OK,
           "a start without a body");
}


int
main(void)
{
    show.nstreams = 3;
    strcpy((char *) show.streams[0].name, "Screen");
    strcpy((char *) show.streams[1].name, "Cam");
    strcpy((char *) show.streams[2].name, "Mic");

    test_paths();
    test_starts();
    test_joins();
    test_preferences();
    test_beacons();
    test_director();
    test_signals();
    test_whole();

    return tap_done();
}
