# SPDX-License-Identifier: GPL-2.0-or-later
# Compares a list of `bcachefs ls --json` with what the kernel showed of the same filesystem: ls_manifest.py MANIFEST LIST...
# Prints each difference, and "N files" at the end.
import json, re, sys

TYPES = {'f': 'regular file', 'd': 'directory', 'p': 'fifo', 'l': 'symbolic link', 's': 'socket',
         'c': 'character special file', 'b': 'block special file'}


def unescaped(text):
    return re.sub(rb'\\x([0-9a-f]{2})', lambda m: bytes([int(m[1], 16)]), text.encode('latin1'))


def name(entry, key):
    return bytes.fromhex(entry[key + '_hex']) if key + '_hex' in entry else entry[key].encode()


def time(entry, key):
    return '%d.%09d' % (entry[key], entry[key + '_nsec'])


def wanted(f):
    extra = dict(x.split('=', 1) for x in f[11].split(' ') if '=' in x)
    want = [TYPES[f[0]], f[2], int(f[3]), int(f[4]), int(f[5]), int(f[6]), f[7], extra['ino'],
            int(extra['blocks']) * 512, extra['ctime'], extra['btime']]
    return want + [unescaped(f[8])] if f[0] == 'l' else want + [f[8]] if f[0] in 'cb' else want


def found(e):
    have = [e['type'], e['mode'], e['uid'], e['gid'], e['size_bytes'], e['nlink'], time(e, 'mtime'),
            str(e['inum']), e['allocated_bytes'], time(e, 'ctime'), time(e, 'otime')]
    if 'target' in e:
        return have + [name(e, 'target')]
    return have + ['%d:%d' % (e['major'], e['minor'])] if 'major' in e else have


entries = {}
for path in sys.argv[2:]:
    for entry in json.load(open(path, encoding='utf-8'))['files']:
        entries[name(entry, 'path')] = entry
nr = 0
for line in open(sys.argv[1], encoding='latin1', newline='\n'):
    fields = line.rstrip('\n').split('\t')
    if fields[0] not in TYPES:
        continue
    nr += 1
    entry = entries.pop(unescaped(fields[1]), None)
    if entry is None:
        print('missing', fields[1])
    elif wanted(fields) != found(entry):
        print(fields[1], 'wanted', wanted(fields), 'found', found(entry))
for path in entries:
    print('not in the manifest', path)
print(nr, 'files')
