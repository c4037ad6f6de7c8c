# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile, no recursion, no configure. B is the build folder: one for each flavour.

B       ?= build
CC      ?= gcc
CFLAGS  ?= -O2 -g
Q       := $(if $V,,@)

# The order of DESIGN: a floor uses only those before it. tests/lint reads this line.
FLOORS  := base ondisk io codec super btree journal alloc file check ops

LIBS     := blkid uuid libsodium libkeyutils libisal libxxhash libzstd liblz4 zlib json-c
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
LDLIBS   = $(shell pkg-config --libs $(LIBS)) -lscrypt -lpthread -lm

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings
OURS      = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -Ilibbcachefs $(PKG_CFLAGS) $(WARNINGS) \
	    $(if $(WERROR),-Werror)

LIB_SRC := $(foreach f,$(FLOORS),$(sort $(wildcard libbcachefs/$f/*.c)))
CMD_SRC := bcachefs.c $(sort $(wildcard cmd/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$B/%.o)
UNIT_SRC := $(foreach f,$(FLOORS),$(sort $(wildcard tests/$f/*.c)))
UNIT    := $(UNIT_SRC:%.c=$B/%)

all: bcachefs

bcachefs: $(CMD_OBJ) $B/libbcachefs.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$B/libbcachefs.a: $(LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$B/libbcachefs/ondisk/%.o $B/libbcachefs/io/%.o: WARNINGS += -Wconversion

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# A unit test: one program a file, cmocka, output in TAP.
$B/tests/%: $B/tests/%.o $B/libbcachefs.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

unit: $(UNIT)

.PHONY: all unit
.SECONDARY:

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT:%=%.d)
