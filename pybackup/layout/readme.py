"""The text that is the first member of every archive, for whoever finds it and has nothing of ours."""

README = b"""This is an archive made by pybackup. Stock tools read it: tar, 7z, cat.

Every directory is a tar named .xtar inside the one of its parent; every file in
it is a small 7z archive (NAME.7z), or lies with others in one called
.xtar.files.*.7z. Long files are cut into NAME.part0001.7z, NAME.part0002.7z, ...:
unpack each and join them with cat. NAME.sparse.7z holds a tar of one file with
holes. Directories, links and permissions are in
.pybackup/structure.tar, hard links in .pybackup/links.tar.

To restore the archive A.xtar into the new directory OUT, as root or not (X is
for GNU tar). The last line names what is damaged, if anything is, and fails then;
no file stands under its name that 7z found damaged, and one called NAME.partial
may have lost its end:

    mkdir M OUT && X='-i --acls --xattrs --xattrs-include=*' && R=$(pwd -P)
    export X R; : > BAD
    T='tar $X -xpf "$1" && [ $(tar -tf "$1" | wc -l) = $(tar -itf "$1" | wc -l) ] ||
        pwd -P >> "$R/BAD"'
    (cd M && sh -c "$T" sh ../A.xtar)
    while find M -name .xtar -type f | grep -q .; do
        find M -name .xtar -type f -execdir sh -c "$T; rm -f .xtar" sh {} ';'
    done
    find M -name .pybackup -prune -o -name '*.7z' -type f -exec sh -c '
        for m do
            d="OUT/${m#M/}"; d="${d%.7z}"; i=0 n=1 b= e=; mkdir -p "${d%/*}"
            case "${m##*/}" in .xtar.files.*)
                if 7z l -ba -spd "$m" .xtar.notes | grep -q .; then
                    mkdir -m 700 NEW.d; d="${d%/*}"
                    (umask 0; 7z x -spd -oNEW.d "-x!.xtar.notes" "$m" > NEW) || {
                        echo "$m" >> BAD
                        for p in NEW.d/* NEW.d/.*; do
                            [ -f "$p" ] || continue
                            7z x -so -spd "-i!${p##*/}" "$m" > NEW &&
                                [ $(wc -c < NEW) = $(stat -c %s "$p") ] || {
                                rm -f "$p"; echo "$d/${p##*/}" >> BAD; }
                        done; }
                    chown -R --reference="$m" NEW.d 2> NEW
                    find NEW.d -type f -print0 | xargs -0r mv -t "$d" || echo "$m" >> BAD
                    rm -rf NEW.d; continue
                fi ;;
            esac
            case "${d##*.part}" in
            "" | *[!0-9]* | ? | ?? | ???) ;;
            0001) d="${d%.part0001}"; i=1 ;;
            *)  [ -f "${m%.part*}.part0001.7z" ] || echo "$d" >> BAD
                continue ;;
            esac
            p="$m"; s="${m%.part0001.7z}"; q="[0-9][0-9][0-9][0-9]"
            while [ -f "$p" ]; do
                7z x -so -spd "$p" || b=1
                [ $i -gt 0 ] || break
                i=$((i + 1)); p="$s.part$(printf %04d $i).7z"
            done > NEW
            if [ $i -gt 0 ]; then
                for p in "$s".part$q.7z "$s".part$q[0-9].7z; do
                    [ ! -f "$p" ] || n=$((n + 1))
                done
                [ $n = $i ] || b=1
                ! grep -qxF "$R/${m%/*}" BAD ||
                    case "$d" in *.sparse) b=1 ;; *) e=.partial ;; esac
            fi
            case "$b$e$d" in
            1*) ;;
            *.sparse) tar -xSf NEW -C "${d%/*}" || b=1; d="${d%.sparse}" ;;
            *) mv NEW "$d$e" || b=1 ;;
            esac
            [ -z "$b$e" ] || echo "$d$e" >> BAD
            [ ! -f "$d$e" ] || cp -a --attributes-only "$m" "$d$e"
        done' sh {} +
    L=M/.pybackup/links.tar
    [ ! -e $L ] || tar $X -xpf $L -C OUT || echo $L >> BAD
    tar $X -xpf M/.pybackup/structure.tar -C OUT || echo structure.tar >> BAD
    rm -f NEW; ! sort -u BAD | grep .

With pybackup: pybackup extract A.xtar --to OUT
"""
