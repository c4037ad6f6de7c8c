// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals: the first asks the work to end where it is whole, the second ends the process. CLI 2.9. */

#include <signal.h>
#include <stdatomic.h>
#include "cli_table.h"

/* Lone flags, read where work can stop: nothing is ordered by them. Lock-free, so handlers may set them. */
static atomic_int interrupted; /* by which signal */
static atomic_bool progress_wanted;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_BOOL_LOCK_FREE == 2,
	       "signal handlers set these");

static void on_interrupt(int sig)
{
	atomic_store_explicit(&interrupted, sig, memory_order_relaxed);
}

static void on_progress(int sig)
{
	atomic_store_explicit(&progress_wanted, true, memory_order_relaxed);
}

/* What the parent ignores (nohup) stays ignored. */
static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, old;

	if (!sigaction(sig, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(sig, &action, NULL);
}

void cli_signals_init(void)
{
	/* SA_RESETHAND: the second one has its default action. No SA_RESTART: a question ends at once. */
	handle(SIGINT, on_interrupt, (int)SA_RESETHAND);
	handle(SIGTERM, on_interrupt, (int)SA_RESETHAND);
	handle(SIGHUP, on_interrupt, (int)SA_RESETHAND);
	handle(SIGUSR1, on_progress, SA_RESTART);
	signal(SIGPIPE, SIG_DFL); /* a parent may have ignored it; "| head" ends us silently */
}

bool cli_interrupted(void)
{
	return atomic_load_explicit(&interrupted, memory_order_relaxed);
}

bool cli_interrupt_taken(void)
{
	int sig = SIGINT;

	if (!atomic_compare_exchange_strong(&interrupted, &sig, 0))
		return false;
	handle(SIGINT, on_interrupt, (int)SA_RESETHAND);
	return true;
}

bool cli_progress_wanted(void)
{
	return atomic_exchange_explicit(&progress_wanted, false, memory_order_relaxed);
}
