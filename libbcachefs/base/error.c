// SPDX-License-Identifier: GPL-2.0-or-later
/* Error codes, and the context through which the library reports to its caller. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <bcachefs/buf.h>
#include <bcachefs/error.h>
#include "base/memory.h"

static const struct {
	const char *name, *text;
} errors[] = {
#define E(name, text) [BCH_ERR_##name - BCH_ERR_first - 1] = { #name, text },
	BCH_ERRORS(E)
#undef E
};

static const struct {
	int system, ours;
} errnos[] = {
	{ ENOMEM, BCH_ERR_no_memory },
	{ ENOENT, BCH_ERR_not_found },
	{ EACCES, BCH_ERR_access_denied },
	{ EPERM, BCH_ERR_access_denied },
	{ EEXIST, BCH_ERR_exists },
	{ EISDIR, BCH_ERR_is_directory },
	{ ENOTDIR, BCH_ERR_not_a_directory },
	{ EBUSY, BCH_ERR_busy },
	{ ETXTBSY, BCH_ERR_busy },
	{ EROFS, BCH_ERR_read_only },
	{ ENOSPC, BCH_ERR_no_space },
	{ EDQUOT, BCH_ERR_no_space },
	{ EIO, BCH_ERR_io },
	{ EREMOTEIO, BCH_ERR_io },
	{ EBADMSG, BCH_ERR_io },
	{ EOPNOTSUPP, BCH_ERR_not_supported },
	{ ENOSYS, BCH_ERR_not_supported },
	{ ENOTTY, BCH_ERR_not_supported },
	{ EMFILE, BCH_ERR_too_many_files },
	{ ENFILE, BCH_ERR_too_many_files },
	{ ENAMETOOLONG, BCH_ERR_name_too_long },
	{ ENXIO, BCH_ERR_no_such_device },
	{ ENODEV, BCH_ERR_no_such_device },
	{ ENOMEDIUM, BCH_ERR_no_such_device },
	{ EINTR, BCH_ERR_interrupted },
	{ ECANCELED, BCH_ERR_cancelled },
	{ EINVAL, BCH_ERR_invalid_argument },
	{ E2BIG, BCH_ERR_invalid_argument },
	{ ERANGE, BCH_ERR_out_of_range },
	{ EOVERFLOW, BCH_ERR_out_of_range },
	{ EFBIG, BCH_ERR_out_of_range },
};

/* Neither lock is ever taken under the other. */
struct bch_ctx {
	struct bch_callbacks callbacks;
	void *arg;
	pthread_mutex_t call_lock; /* held while log or report runs: it makes them one at a time */
	pthread_mutex_t said_lock; /* guards said and said_for */
	struct bch_buf said;	   /* a whole sentence */
	int said_for;		   /* the code it was said for; 0: nothing was */
};

/* Place of the code in the table; SIZE_MAX for a number that is not ours. */
static size_t error_nr(int err)
{
	unsigned code = err < 0 ? 0U - (unsigned)err : (unsigned)err;

	return code > BCH_ERR_first && code < BCH_ERR_end ? code - BCH_ERR_first - 1 : SIZE_MAX;
}

const char *bch_err_text(int err)
{
	size_t nr = error_nr(err);

	return nr < bch_array_size(errors) ? errors[nr].text : "unknown error";
}

const char *bch_err_name(int err)
{
	size_t nr = error_nr(err);

	return nr < bch_array_size(errors) ? errors[nr].name : "unknown";
}

int bch_errno(int system_errno)
{
	for (size_t i = 0; i < bch_array_size(errnos); i++)
		if (errnos[i].system == system_errno)
			return -errnos[i].ours;
	return -BCH_ERR_system;
}

struct bch_ctx *bch_ctx_new(const struct bch_callbacks *callbacks, void *arg)
{
	struct bch_ctx *ctx = bch_calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	if (callbacks)
		ctx->callbacks = *callbacks;
	ctx->arg = arg;
	pthread_mutex_init(&ctx->call_lock, NULL);
	pthread_mutex_init(&ctx->said_lock, NULL);
	return ctx;
}

void bch_ctx_free(struct bch_ctx *ctx)
{
	if (!ctx)
		return;
	pthread_mutex_destroy(&ctx->call_lock);
	pthread_mutex_destroy(&ctx->said_lock);
	bch_buf_end(&ctx->said);
	free(ctx);
}

/*
 * Makes the words, with ": " and @reason behind them where it is not NULL, those for @err. Words
 * that found no memory are forgotten: the code remains.
 */
static void say(struct bch_ctx *ctx, int err, const char *reason, const char *fmt, va_list args)
{
	struct bch_buf old, sentence = { 0 };

	if (!ctx)
		return;
	bch_buf_vput(&sentence, fmt, args);
	if (reason)
		bch_buf_put(&sentence, ": %s", reason);

	pthread_mutex_lock(&ctx->said_lock);
	old = ctx->said;
	ctx->said = sentence;
	ctx->said_for = bch_buf_failed(&sentence) ? 0 : err;
	pthread_mutex_unlock(&ctx->said_lock);
	bch_buf_end(&old);
}

int bch_error(struct bch_ctx *ctx, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ctx, err, bch_err_text(err), fmt, args);
	va_end(args);
	return err;
}

int bch_error_whole(struct bch_ctx *ctx, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ctx, err, NULL, fmt, args);
	va_end(args);
	return err;
}

const char *bch_error_message(struct bch_ctx *ctx, int err)
{
	const char *message = bch_err_text(err);

	if (!ctx)
		return message;
	pthread_mutex_lock(&ctx->said_lock);
	if (err && ctx->said_for == err)
		message = bch_buf_str(&ctx->said);
	pthread_mutex_unlock(&ctx->said_lock);
	return message;
}

void bch_log(struct bch_ctx *ctx, enum bch_log_level level, const char *fmt, ...)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	va_list args;

	if (!ctx || !ctx->callbacks.log)
		return;
	va_start(args, fmt);
	bch_buf_vput(&line, fmt, args);
	va_end(args);
	/* Short of memory the format says at least what kind of line it was. */
	pthread_mutex_lock(&ctx->call_lock);
	ctx->callbacks.log(ctx->arg, level, bch_buf_failed(&line) ? fmt : bch_buf_str(&line));
	pthread_mutex_unlock(&ctx->call_lock);
}

void bch_report(struct bch_ctx *ctx, const char *line)
{
	if (!ctx || !ctx->callbacks.report)
		return;
	pthread_mutex_lock(&ctx->call_lock);
	ctx->callbacks.report(ctx->arg, line);
	pthread_mutex_unlock(&ctx->call_lock);
}

bool bch_cancelled(struct bch_ctx *ctx)
{
	return ctx && ctx->callbacks.cancelled && ctx->callbacks.cancelled(ctx->arg);
}
