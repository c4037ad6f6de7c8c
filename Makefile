# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile, no recursion into folders, no configure. B is the build folder, one for each flavour, told by its name:
#
#	build		what users get			build/static	the same as one static binary
#	build/asan	AddressSanitizer and UBSan	build/tsan	ThreadSanitizer
#	build/fuzz	as asan, for libFuzzer
#
# Every other folder is for tests (build/test): it has the fault points compiled in, as asan and tsan have.

B       ?= build
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
Q       := $(if $V,,@)
FLAVOUR := $(notdir $B)
VERSION := $(shell sed -n 's/^\#define CLI_VERSION "\(.*\)"/\1/p' cmd/cli.h)

# All processors, unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += -r

# The order of DESIGN: a floor uses only those before it. tests/lint/floors.sh reads this line.
FLOORS  := base ondisk io codec super btree journal alloc commit file check ops

# Debian has no static libisal: codec/*_portable.c and *_zlib.c do its work there, and wherever it is missing.
PKG_CONFIG ?= pkg-config
PKG     := $(PKG_CONFIG) $(if $(filter static,$(FLAVOUR)),--static)
ISAL    := $(if $(filter static,$(FLAVOUR)),,$(shell $(PKG) --exists libisal 2>/dev/null && echo libisal))
# Debian's libfuse3 has no static archive either; without it fusemount says so.
FUSE    := $(if $(filter static,$(FLAVOUR)),,$(shell $(PKG) --exists fuse3 2>/dev/null && echo fuse3))
LIBS    := blkid uuid libsodium libkeyutils libxxhash libzstd liblz4 zlib json-c libutf8proc $(ISAL)
PKG_CFLAGS := $(shell $(PKG) --cflags $(LIBS) $(FUSE) 2>/dev/null)
ifneq ($(.SHELLSTATUS),0)
LIBRARIES := libraries
endif

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings \
	    -Wno-unused-parameter
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread
SANITIZE_fuzz := $(SANITIZE_asan) -fsanitize=fuzzer-no-link
FAULTS  := $(if $(filter build static,$(FLAVOUR)),0,1)
COMPILE := $(CC) -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DBCH_FAULTS=$(FAULTS) \
	   $(if $(ISAL),,-DBCH_NO_ISAL) -Iinclude $(PKG_CFLAGS) $(WARNINGS) $(if $(WERROR),-Werror) \
	   $(SANITIZE_$(FLAVOUR)) $(CPPFLAGS) $(CFLAGS)
LINK     = $(CC) $(CFLAGS) $(SANITIZE_$(FLAVOUR)) $(if $(filter static,$(FLAVOUR)),-static) -Wl,--as-needed $(LDFLAGS)
LDLIBS   = $(shell $(PKG) --libs $(LIBS)) -lpthread -lm

LIB_SRC := $(foreach f,$(FLOORS),$(sort $(wildcard libbcachefs/$f/*.c)))
LIB_SRC := $(if $(ISAL),$(LIB_SRC),$(filter-out %_isal.c,$(LIB_SRC)))
CMD_SRC := bcachefs.c $(sort $(wildcard cmd/*.c))
WITHOUT_FUSE := cmd/fusemount_without.c
CMD_SRC := $(filter-out $(if $(FUSE),$(WITHOUT_FUSE),$(filter-out $(WITHOUT_FUSE),$(wildcard cmd/fusemount_*.c))),$(CMD_SRC))
UNIT_SRC := $(foreach f,$(FLOORS),$(sort $(wildcard tests/$f/*.c)))
FUZZ    := $(notdir $(sort $(wildcard tests/fuzz/corpus/*)))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
HEADERS := $(sort $(wildcard include/bcachefs/*.h))
LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$B/%.o)
UNIT    := $(UNIT_SRC:%.c=$B/%)
BENCH   := $(BENCH_SRC:%.c=$B/%)

all: bcachefs $B/libbcachefs.a

bcachefs: $B/bcachefs
	$(Q)ln -sf $< $@

$B/bcachefs: $(CMD_OBJ) $B/libbcachefs.a
	$(Q)$(LINK) -o $@ $^ $(LDLIBS) $(if $(FUSE),$(shell $(PKG) --libs $(FUSE)))

$B/libbcachefs.a: $(LIB_OBJ) $B/objects
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

# Commands see the public headers alone.
$B/%.o: %.c Makefile $B/flags | $(LIBRARIES)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(if $(filter libbcachefs/% tests/%,$<),-Ilibbcachefs) \
		$(if $(filter libbcachefs/ondisk/% libbcachefs/io/%,$<),-Wconversion) -MMD -MP -c -o $@ $<

# Other flags make other objects, other objects another library: these files change only with what they say.
$B/flags: CONTENT = $(COMPILE)
$B/objects: CONTENT = $(LIB_OBJ)
$B/flags $B/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CONTENT))' | cmp -s - $@ || echo '$(subst ','\'',$(CONTENT))' >$@

libraries:
	@contrib/deps need build

# A unit test or a benchmark: one program a file.
$B/tests/%: $B/tests/%.o $B/libbcachefs.a
	$(Q)$(LINK) -o $@ $^ $(LDLIBS) -lcmocka

# Devices that are opened by what it tests are recorded too.
$B/tests/ops/device_crash: LDFLAGS += -Wl,--wrap=bch_blkdev_open

# A fuzz target: libFuzzer drives it, or a main that replays what is stored. Memory that it asks for is counted.
COUNTED := -Wl,--wrap=bch_malloc,--wrap=bch_calloc,--wrap=bch_realloc
FUZZ_MAIN := $(if $(filter fuzz,$(FLAVOUR)),,$B/tests/fuzz/replay.o)
$(FUZZ:%=$B/tests/fuzz/%): $B/tests/fuzz/%: $B/tests/fuzz/%.o $B/tests/fuzz/bound.o $(FUZZ_MAIN) $B/libbcachefs.a
	$(Q)$(LINK) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) $(COUNTED) -o $@ $^ $(LDLIBS) -lcmocka

unit: $(UNIT) $(FUZZ:%=$B/tests/fuzz/%) $B/tests/bench/mktree

static:
	+$(Q)$(MAKE) --no-print-directory B=$B/static $B/static/bcachefs
	$(Q)ln -sf $B/static/bcachefs bcachefs.static

# Tests. A script is a test if it may be executed; what tests source may not. The slowest go first.
executable = $(shell find $1 -maxdepth 1 -name '*.sh' -perm -u+x 2>/dev/null | sort)
run     = B=$(abspath $1) BCACHEFS=$(abspath $1/bcachefs) tests/run
unit_in = -t 300 $(UNIT_SRC:%.c=$1/%) $(FUZZ:%=$1/tests/fuzz/%)
lint_tests = -t 300 $(call executable,tests/lint)
cmd_tests = -t 600 $(call executable,tests/cmd)
vm_tests = -t 1800 $(call executable,tests/vm)
in      = +$(Q)$(MAKE) --no-print-directory B=$1

check: deps
	$(call in,$B) $B/bcachefs
	$(call in,$B/test) unit
	$(Q)$(call run,$B) $(vm_tests) $(lint_tests) $(cmd_tests) $(call unit_in,$B/test)

check-unit: $B/bcachefs
	$(call in,$B/test) unit
	$(Q)$(call run,$B) $(lint_tests) $(call unit_in,$B/test)

check-cmd: $B/bcachefs
	$(Q)$(call run,$B) $(cmd_tests)

check-vm: $B/bcachefs
	$(call in,$B/test) $B/test/tests/bench/mktree
	$(Q)$(call run,$B) $(vm_tests)

# The tests without the kernel under AddressSanitizer and UBSan, on our own images: all others take too long there. Those
# of threads under ThreadSanitizer.
asan tsan: export BCACHEFS_TEST_IMAGES :=
asan:
	$(call in,$B/asan) $B/asan/bcachefs unit
	$(Q)$(call run,$B/asan) $(cmd_tests) $(call unit_in,$B/asan)

THREAD_TESTS := $(filter %/six_stress %/six %/thread_pool %/closure %/copies,$(UNIT_SRC:%.c=%))
tsan:
	$(call in,$B/tsan) $(THREAD_TESTS:%=$B/tsan/%)
	$(Q)$(call run,$B/tsan) -t 600 $(THREAD_TESTS:%=$B/tsan/%)

# Lets libFuzzer look for inputs that break a decoder, FUZZ_SECONDS each, from the stored ones on. What it finds new and
# harmless is in build/fuzz/corpus; fuzz-seeds makes seeds there of all images, fuzz-store keeps the least of both that
# reach as much.
FUZZ_SECONDS ?= 20
FUZZ_RUN = -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=64 -max_len=65536 \
	   -print_final_stats=1 -verbosity=0 -artifact_prefix=$B/fuzz/
fuzz:
	$(call in,$B/fuzz) CC=clang CFLAGS='-O1 -g' $(FUZZ:%=$B/fuzz/tests/fuzz/%)
	$(Q)set -e; for t in $(FUZZ); do \
		mkdir -p $B/fuzz/corpus/$$t; echo "fuzz $$t"; \
		$B/fuzz/tests/fuzz/$$t $(FUZZ_RUN) $B/fuzz/corpus/$$t tests/fuzz/corpus/$$t; \
	done

fuzz-seeds:
	$(call in,$B/test) $B/test/tests/fuzz/collect
	$(Q)mkdir -p $(FUZZ:%=$B/fuzz/corpus/%)
	$(Q)$B/test/tests/fuzz/collect $B/fuzz/corpus \
		$(foreach d,tests/images $(subst :, ,$(BCACHEFS_TEST_IMAGES)),$(patsubst %/,%,$(dir $(wildcard $d/*/dev0.img.zst))))

bench: $B/bcachefs $(BENCH)
	$(Q)set -e; for b in $(call executable,tests/bench); do B=$(abspath $B) $$b; done

demo: deps
	$(call in,$B) bcachefs
	$(Q)contrib/demo $B/bcachefs

deps:
	$(Q)contrib/deps install

C_FILES := $(sort $(wildcard *.c cmd/*.[ch] include/*/*.h libbcachefs/*/*.[ch] tests/*/*.[ch]))
fmt:
	$(Q)clang-format -i $(C_FILES)

lint: $B/bcachefs
	$(Q)! command -v duplicates >/dev/null || duplicates
	$(Q)$(call run,$B) $(lint_tests)

# Paths below PREFIX; `uninstall` takes away what `install` brought.
ALIASES := $(foreach c,mkfs fsck mount,$c.bcachefs $c.fuse.bcachefs)
BASH_COMPLETIONS := share/bash-completion/completions
ZSH_COMPLETION  := share/zsh/site-functions/_bcachefs
FISH_COMPLETION := share/fish/vendor_completions.d/bcachefs.fish
INSTALLED := $(addprefix sbin/,bcachefs $(ALIASES)) $(HEADERS) lib/libbcachefs.a lib/pkgconfig/libbcachefs.pc \
	     share/man/man8/bcachefs.8 $(addprefix $(BASH_COMPLETIONS)/,bcachefs $(ALIASES)) \
	     $(ZSH_COMPLETION) $(FISH_COMPLETION)
ROOT     = $(DESTDIR)$(PREFIX)

install: $B/bcachefs $B/libbcachefs.a
	$(Q)install -d $(sort $(dir $(addprefix $(ROOT)/,$(INSTALLED))))
	$(Q)install $B/bcachefs $(ROOT)/sbin
	$(Q)install -m644 $(HEADERS) $(ROOT)/include/bcachefs
	$(Q)install -m644 $B/libbcachefs.a $(ROOT)/lib
	$(Q)install -m644 man/bcachefs.8 $(ROOT)/share/man/man8
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(strip $(LIBS))|' \
		contrib/libbcachefs.pc.in >$(ROOT)/lib/pkgconfig/libbcachefs.pc
	$(Q)$B/bcachefs completions bash >$(ROOT)/$(BASH_COMPLETIONS)/bcachefs
	$(Q)$B/bcachefs completions zsh >$(ROOT)/$(ZSH_COMPLETION)
	$(Q)$B/bcachefs completions fish >$(ROOT)/$(FISH_COMPLETION)
	$(Q)for a in $(ALIASES); do \
		ln -sf bcachefs $(ROOT)/sbin/$$a && ln -sf bcachefs $(ROOT)/$(BASH_COMPLETIONS)/$$a || exit; \
	done

uninstall:
	$(Q)rm -f $(addprefix $(ROOT)/,$(INSTALLED))
	$(Q)! test -d $(ROOT)/include/bcachefs || rmdir $(ROOT)/include/bcachefs

# The same commit gives the same bytes.
DIST    := bcachefs-tools-$(VERSION)
dist:
	$(Q)git archive --format=tar --prefix=$(DIST)/ HEAD | gzip -9n >$(DIST).tar.gz

clean:
	$(Q)rm -rf $B bcachefs bcachefs.static

FORCE:
.PHONY: all libraries unit static check check-unit check-cmd check-vm asan tsan bench demo deps fmt lint install \
	uninstall dist clean bcachefs FORCE
.SECONDARY:
.DELETE_ON_ERROR:

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT:%=%.d) $(BENCH:%=%.d) $(wildcard $B/tests/fuzz/*.d)
