# 12-v14-fresh, in which Linux 6.12 made files without upgrading it, and stopped as by a power cut: names and inodes in the
# journal, no data. It has no counters of space to begin with, and waits for room for ever when data is to be written.
# No test over all images takes it: what it counts is wrong from the start.
mkdir -p /m
mount -t bcachefs -o noatime,version_upgrade=none,journal_flush_delay=100 /dev/vda /m || exit 1
mkdir -p /m/d/e /m/x
for f in 1 2 3 4 5 6 7 8 9 10; do
	head -c $((f * 777)) /dev/urandom >/m/d/e/f$f
done
ln /m/d/e/f1 /m/d/hard
ln -s e/f1 /m/d/sym
seq 1 20000 >/m/x/seq
rm /m/d/e/f3
mkfifo /m/x/fifo
chown 5:6 /m/x/seq
sleep 5
