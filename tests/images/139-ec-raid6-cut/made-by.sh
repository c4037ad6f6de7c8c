# Six devices, erasure_code, data_replicas=3, written by 1.39, as its first lines say; then all buckets were punched out that
# hold neither superblock, journal, btree node nor the one stripe of the files in kept.txt.

mount -t bcachefs -o noatime,version_upgrade=incompatible /dev/vda:/dev/vdb:/dev/vdc:/dev/vdd:/dev/vde:/dev/vdf /m || echo MOUNTFAIL $?
set -x
bh tree /m 72 20 30000; for i in 1 2 3 4 5 6 7 8; do bh write /m/w$i 0 3000000 $i t s; done; sync; sleep 12; cat /sys/fs/bcachefs/*/reconcile_status; rm /m/w2; sync; sleep 3
set +x
df /m; bh statfs /m; umount /m || echo UMOUNTFAIL
dmesg > /out/dmesg.txt
