
/*
 * Copyright (C) the ngx_live contributors
 */


#include "ngx_simulcast_youtube.h"
#include "ngx_simulcast_answer.h"


#define NGX_SIMULCAST_YOUTUBE_VIDEO_TAGS      480       /* bytes of all */
#define NGX_SIMULCAST_YOUTUBE_VIDEO_IMAGE     (2 * 1024 * 1024)
#define NGX_SIMULCAST_YOUTUBE_VIDEO_UPLOAD    60000     /* ms, of an image */

/* the category when only tags are given: People & Blogs, the default there */
#define NGX_SIMULCAST_YOUTUBE_VIDEO_CATEGORY  "22"


static json_t *ngx_simulcast_youtube_video_tags(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_video_updated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);
static void ngx_simulcast_youtube_video_thumbnail(ngx_simulcast_call_t *call);
static void ngx_simulcast_youtube_video_image(ngx_simulcast_call_t *call,
    redisReply *reply);
static void ngx_simulcast_youtube_video_uploaded(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer);


/*
 * Category and tags belong to the video. What is not sent again of its snippet
 * would be wiped.
 */

void
ngx_simulcast_youtube_video(ngx_simulcast_call_t *call)
{
    ngx_simulcast_broadcast_t *b = call->data;

    json_t                        *json, *tags, *snippet;
    const char                    *category, *language;
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    tags = ngx_simulcast_youtube_video_tags(call);
    language = ngx_simulcast_call_setting(call, "language");
    category = ngx_simulcast_call_setting(call, "category");

    if (category) {
        category = ngx_simulcast_answer_category(category);

        if (category == NULL) {
            ngx_simulcast_answer_issue(b->notes, "Category",
                                       "YouTube has none of this name");
        }
    }

    if (category == NULL && language == NULL && tags == NULL) {
        ngx_simulcast_youtube_video_thumbnail(call);
        return;
    }

    json = json_pack("{s:s,s:{s:s,s:s,s:s}}", "id", y->broadcast,
                     "snippet",
                         "title",
                             ngx_simulcast_call_title(call,
                                 NGX_SIMULCAST_YOUTUBE_TITLE,
                                 NGX_SIMULCAST_YOUTUBE_WITHOUT),
                         "description",
                             ngx_simulcast_youtube_description(call),
                         "categoryId",
                             category ? category
                                      : NGX_SIMULCAST_YOUTUBE_VIDEO_CATEGORY);

    snippet = json_object_get(json, "snippet");

    if (tags) {
        (void) json_object_set_new(snippet, "tags", tags);
    }

    if (language) {
        (void) json_object_set_new(snippet, "defaultLanguage",
                                   json_string(language));
    }

    ngx_simulcast_youtube_request(call, &request, "PUT",
                                  "videos?part=snippet", NULL);
    ngx_simulcast_call_json(call, &request, json);

    ngx_simulcast_call_send(call, &request,
                            ngx_simulcast_youtube_video_updated);
}


static json_t *
ngx_simulcast_youtube_video_tags(ngx_simulcast_call_t *call)
{
    char         buf[256];
    size_t       i, len, total;
    json_t      *list, *tag, *tags;
    const char  *s;

    list = json_object_get(json_object_get((*call->destination)->record,
                                           "settings"), "tags");
    tags = NULL;
    total = 0;

    json_array_foreach(list, i, tag) {

        s = json_string_value(tag);
        len = s ? ngx_simulcast_form_cut(buf, sizeof(buf), s, 60,
                                         NGX_SIMULCAST_YOUTUBE_WITHOUT ",")
                : 0;

        if (len == 0 || total + len + 3 > NGX_SIMULCAST_YOUTUBE_VIDEO_TAGS) {
            continue;
        }

        if (tags == NULL) {
            tags = json_array();
        }

        (void) json_array_append_new(tags, json_string(buf));

        /* with a comma, and quotes around those that have blanks */

        total += len + 3;
    }

    return tags;
}


static void
ngx_simulcast_youtube_video_updated(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    /* the stream is worth more than its category */

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_answer_issue(b->notes, "Category and tags",
                                   answer->result.message);
    }

    ngx_simulcast_youtube_video_thumbnail(call);
}


static void
ngx_simulcast_youtube_video_thumbnail(ngx_simulcast_call_t *call)
{
    u_char      key[NGX_SIMULCAST_ID + sizeof("simulcast:thumbnail:")];
    u_char      type[NGX_SIMULCAST_ID + sizeof("simulcast:thumbnail::type")];
    ngx_str_t   args[3];

    ngx_str_set(&args[0], "MGET");

    args[1].data = key;
    args[1].len = ngx_sprintf(key, "simulcast:thumbnail:%s",
                              (*call->destination)->id)
                  - key;

    args[2].data = type;
    args[2].len = ngx_sprintf(type, "simulcast:thumbnail:%s:type",
                              (*call->destination)->id)
                  - type;

    ngx_simulcast_call_redis(call, 3, args, ngx_simulcast_youtube_video_image);
}


static void
ngx_simulcast_youtube_video_image(ngx_simulcast_call_t *call, redisReply *reply)
{
    ngx_simulcast_broadcast_t *b = call->data;

    redisReply                    *image, *type;
    ngx_simulcast_youtube_t       *y;
    ngx_simulcast_call_request_t   request;

    y = b->state;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY
        || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[0]->len == 0)
    {
        ngx_simulcast_youtube_prepared(call);
        return;
    }

    image = reply->element[0];
    type = reply->element[1];

    if ((size_t) image->len > NGX_SIMULCAST_YOUTUBE_VIDEO_IMAGE) {
        ngx_simulcast_answer_issue(b->notes, "Thumbnail",
                                   "YouTube takes images of at most 2 MiB");
        ngx_simulcast_youtube_prepared(call);
        return;
    }

    ngx_simulcast_call_request(call, &request, "POST",
                         ngx_simulcast_call_base(call, 0, NULL),
                         "/upload/youtube/v3/thumbnails/set?videoId=%s",
                         ngx_simulcast_call_escape(call, y->broadcast));
    ngx_simulcast_call_bearer(&request, "access_token");

    request.body.data = ngx_pnalloc(call->pool, image->len);

    if (request.body.data) {
        ngx_memcpy(request.body.data, image->str, image->len);
        request.body.len = image->len;

    } else {
        request.failed = 1;
    }

    request.type = (type->type == REDIS_REPLY_STRING
                    && ngx_strcmp(type->str, "image/png") == 0)
                   ? "image/png" : "image/jpeg";
    request.timeout = NGX_SIMULCAST_YOUTUBE_VIDEO_UPLOAD;

    ngx_simulcast_call_send(call, &request,
                            ngx_simulcast_youtube_video_uploaded);
}


static void
ngx_simulcast_youtube_video_uploaded(ngx_simulcast_call_t *call,
    ngx_simulcast_call_answer_t *answer)
{
    ngx_simulcast_broadcast_t *b = call->data;

    if (answer->result.rc != NGX_OK) {
        ngx_simulcast_answer_issue(b->notes, "Thumbnail",
                                   answer->result.message);
    }

    ngx_simulcast_youtube_prepared(call);
}
