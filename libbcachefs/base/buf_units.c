// SPDX-License-Identifier: GPL-2.0-or-later
/* String builder: what users read: sizes, times, UUIDs, names of bits, text from disk. */

#include <time.h>

#include <bcachefs/buf.h>

/*
 * @n in the largest of @units (steps of @base) in which it is at least 1, with three significant
 * digits, rounded to nearest. Long division, a digit at a time: the rest is below 10^18 or 2^60, so
 * that ten times it fits.
 */
static void put_scaled(struct bch_buf *buf, u64 n, u32 base, const char *const units[])
{
	u64 unit = 1, value, rest;
	u32 power = 0, decimals = 0;

	for (; n / unit >= base; power++)
		unit *= base;
	value = n / unit;
	rest = n % unit;
	for (; power && value < 100 && decimals < 2; decimals++) {
		value = value * 10 + rest * 10 / unit;
		rest = rest * 10 % unit;
	}
	if (rest && rest >= unit - rest)
		value++;

	if (value == base && !decimals) { /* 1023.9 KiB is 1.00 MiB */
		value = 100;
		decimals = 2;
		power++;
	} else if (value == 1000 && decimals) { /* 9.999 is 10.0 */
		value = 100;
		decimals--;
	}

	if (decimals == 2)
		bch_buf_put(buf, "%" PRIu64 ".%02" PRIu64, value / 100, value % 100);
	else if (decimals == 1)
		bch_buf_put(buf, "%" PRIu64 ".%" PRIu64, value / 10, value % 10);
	else
		bch_buf_put(buf, "%" PRIu64, value);
	bch_buf_puts(buf, units[power]);
}

void bch_buf_human(struct bch_buf *buf, u64 bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };

	if (bytes && bytes < 100) /* three digits although a byte has no parts */
		bch_buf_put(buf, "%" PRIu64 ".%s B", bytes, bytes < 10 ? "00" : "0");
	else
		put_scaled(buf, bytes, 1024, units);
}

void bch_buf_human_count(struct bch_buf *buf, u64 n)
{
	static const char *const units[] = { "", " K", " M", " G", " T", " P", " E" };

	put_scaled(buf, n, 1000, units);
}

void bch_buf_duration(struct bch_buf *buf, u64 ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	u64 s = ns / 1000000000;

	if (s < 60)
		put_scaled(buf, ns, 1000, units);
	else if (s < 60 * 60)
		bch_buf_put(buf, "%" PRIu64 "m %" PRIu64 "s", s / 60, s % 60);
	else if (s < 24 * 60 * 60)
		bch_buf_put(buf, "%" PRIu64 "h %" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		bch_buf_put(buf, "%" PRIu64 "d %" PRIu64 "h", s / 86400, s / 3600 % 24);
}

void bch_buf_uuid(struct bch_buf *buf, const u8 uuid[16])
{
	for (u32 i = 0; i < 16; i++)
		bch_buf_put(buf, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			    uuid[i]);
}

void bch_buf_hex(struct bch_buf *buf, const void *p, size_t len)
{
	for (const u8 *b = p; len; b++, len--)
		bch_buf_put(buf, "%02x", *b);
}

void bch_buf_time(struct bch_buf *buf, u64 unix_seconds)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (!unix_seconds) {
		bch_buf_puts(buf, "(not set)");
		return;
	}
	if (t < 0 || (u64)t != unix_seconds || !localtime_r(&t, &tm)) {
		bch_buf_put(buf, "@%" PRIu64, unix_seconds);
		return;
	}
	bch_buf_put(buf, "%s %s %2d %02d:%02d:%02d %" PRId64, days[tm.tm_wday], months[tm.tm_mon],
		    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (s64)tm.tm_year + 1900);
}

/* False beyond the calendar, where the number stands for it. */
static bool put_local(struct bch_buf *buf, s64 unix_seconds, struct tm *tm)
{
	time_t t = (time_t)unix_seconds;

	if ((s64)t != unix_seconds || !localtime_r(&t, tm)) {
		bch_buf_put(buf, "@%" PRId64, unix_seconds);
		return false;
	}
	bch_buf_put(buf, "%04" PRId64 "-%02d-%02d %02d:%02d", (s64)tm->tm_year + 1900,
		    tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min);
	return true;
}

void bch_buf_time_short(struct bch_buf *buf, s64 unix_seconds)
{
	struct tm tm;

	put_local(buf, unix_seconds, &tm);
}

void bch_buf_time_full(struct bch_buf *buf, s64 unix_seconds, u32 nsec)
{
	struct tm tm;
	s64 east;

	if (!put_local(buf, unix_seconds, &tm))
		return;
	east = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
	bch_buf_put(buf, ":%02d.%09u %c%02" PRId64 "%02" PRId64, tm.tm_sec, nsec,
		    tm.tm_gmtoff < 0 ? '-' : '+', east / 3600, east / 60 % 60);
}

void bch_buf_text(struct bch_buf *buf, const void *p, size_t max)
{
	const u8 *at = p;

	for (size_t i = 0; i < max && at[i]; i++)
		if (at[i] < 0x20 || at[i] >= 0x7f || at[i] == '\\')
			bch_buf_put(buf, "\\x%02x", at[i]);
		else
			bch_buf_putc(buf, (char)at[i]);
}

/* Of U+0000 to U+001F, DEL, U+0080 to U+009F. */
static bool is_control(const char *s)
{
	u8 c = (u8)s[0];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && (u8)s[1] < 0xa0);
}

void bch_buf_name(struct bch_buf *buf, const char *name)
{
	while (*name) {
		size_t len = bch_utf8_len(name);

		if (len && !is_control(name))
			bch_buf_mem(buf, name, len);
		else
			bch_buf_put(buf, "\\x%02x", (u8)*name);
		name += len && !is_control(name) ? len : 1;
	}
}

void bch_buf_flags(struct bch_buf *buf, u64 flags, const char *const names[])
{
	const char *comma = "";

	for (u32 i = 0; i < 64 && flags >> i; i++) {
		const char *name = *names;

		if (name)
			names++;
		if (!(flags >> i & 1))
			continue;
		bch_buf_puts(buf, comma);
		if (name)
			bch_buf_puts(buf, name);
		else
			bch_buf_put(buf, "unknown(%u)", i);
		comma = ",";
	}
}

void bch_buf_choice(struct bch_buf *buf, const char *const names[], u64 selected)
{
	u64 nr = 0;

	while (nr < selected && names[nr])
		nr++;
	if (names[nr])
		bch_buf_puts(buf, names[nr]);
	else
		bch_buf_put(buf, "unknown(%" PRIu64 ")", selected);
}

void bch_buf_choices(struct bch_buf *buf, const char *const names[], u64 selected)
{
	u64 nr = 0;

	for (; names[nr]; nr++)
		bch_buf_put(buf, nr == selected ? "[%s] " : "%s ", names[nr]);
	if (selected >= nr)
		bch_buf_put(buf, "[unknown(%" PRIu64 ")] ", selected);
}
