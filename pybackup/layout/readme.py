"""The text that is the first member of every archive, for whoever finds it and has nothing of ours."""

README = b"""This is an archive made by pybackup. Stock tools read it: tar, 7z, cat.

Every directory is a tar named .xtar inside the one of its parent; every file in
it is a small 7z archive (NAME.7z). Long files are cut into NAME.part0001.7z,
NAME.part0002.7z, ...: unpack each and join them with cat. NAME.sparse.7z holds a
tar of one file with holes. Directories, links and permissions are in
.pybackup/structure.tar, hard links in .pybackup/links.tar.

To restore the archive A.xtar into the new directory OUT, as root or not (X is
for GNU tar; leave it empty for another):

    mkdir M OUT && X='--acls --xattrs --xattrs-include=*'
    tar $X -xpf A.xtar -C M
    while find M -name .xtar -type f | grep -q .; do
        find M -name .xtar -type f -execdir tar $X -xpf {} ';' -delete
    done
    find M -name .pybackup -prune -o -name '*.7z' -type f -exec sh -c '
        for m do
            d="OUT/${m#M/}"; d="${d%.7z}"; i=0; mkdir -p "${d%/*}"
            case "${d##*.part}" in
            "" | *[!0-9]* | ? | ?? | ???) ;;
            0001) d="${d%.part0001}"; i=1 ;;
            *) continue ;;
            esac
            while [ -f "$m" ]; do
                7z x -so "$m"
                [ $i -gt 0 ] || break
                i=$((i + 1)); m="M/${d#OUT/}.part$(printf %04d $i).7z"
            done | case "$d" in
                *.sparse) tar -xSf - -C "${d%/*}" ;;
                *) cat > "$d" ;;
                esac
            d="${d%.sparse}"
            [ ! -f "$d" ] || cp -a --attributes-only "$m" "$d"
        done' sh {} +
    if [ -e M/.pybackup/links.tar ]; then tar $X -xpf M/.pybackup/links.tar -C OUT; fi
    tar $X -xpf M/.pybackup/structure.tar -C OUT

With pybackup: pybackup extract A.xtar --to OUT
"""
