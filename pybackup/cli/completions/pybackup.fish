# fish completion for pybackup; made by python -m pybackup.cli.completions, do not edit

function __pybackup_verb --description 'the verb so far'
    set -l verb
    for word in (commandline -opc)[2..-1]
        if string match -q -- '-*' $word
            continue
        end
        if test -z "$verb"
            set verb $word
        else if contains -- "$verb" disc structure
            set verb "$verb $word"
        end
    end
    echo "$verb"
end

function __pybackup_is
    test (__pybackup_verb) = "$argv"
end

complete -c pybackup -f

complete -c pybackup -n __pybackup_is -a create -d 'archive directories and files'
complete -c pybackup -n __pybackup_is -a list -d 'show what is in an archive'
complete -c pybackup -n __pybackup_is -a info -d 'show what an archive says of itself'
complete -c pybackup -n __pybackup_is -a extract -d 'restore an archive, or parts of it'
complete -c pybackup -n __pybackup_is -a unpack -d 'expand the containers of an archive, leaving the tree of .7z files'
complete -c pybackup -n __pybackup_is -a verify -d 'check every byte of an archive'
complete -c pybackup -n __pybackup_is -a protect -d 'write parity for any file, as a sidecar'
complete -c pybackup -n __pybackup_is -a repair -d 'merge damaged copies, and rebuild what none has from parity'
complete -c pybackup -n __pybackup_is -a rebuild -d 'bring back lost and damaged volumes of a set, from the others and its recovery volumes'
complete -c pybackup -n __pybackup_is -a salvage -d 'get every file out of damaged copies that is left, in part where not whole'
complete -c pybackup -n __pybackup_is -a forecast -d 'tell what an archive survives: bursts, scattered bad sectors, lost ends'
complete -c pybackup -n __pybackup_is -a drill -d 'damage copies of an archive, repair them, and compare what comes back with the forecast'
complete -c pybackup -n __pybackup_is -a disc -d 'save or restore a skeleton'
complete -c pybackup -n __pybackup_is -a structure -d 'save or restore a skeleton'
complete -c pybackup -n __pybackup_is -a completion -d 'print the completion script for a shell'
complete -c pybackup -n __pybackup_is -s h -l help -d 'show this help message and exit'
complete -c pybackup -n __pybackup_is -l version -d 'show program\'s version number and exit'
complete -c pybackup -n "__pybackup_is disc" -a plan -d 'tell how many discs a tree takes, how full they get and how long it lasts'
complete -c pybackup -n "__pybackup_is disc" -a build -d 'build the image of a disc for each volume, with all that is needed to read it'
complete -c pybackup -n "__pybackup_is disc" -a burn -d 'burn an image through xorriso, and read it back'
complete -c pybackup -n "__pybackup_is disc" -a check -d 'tell how discs are, what they would still survive, and what to do'
complete -c pybackup -n "__pybackup_is disc" -a label -d 'write labels to print, for the disc and its case'
complete -c pybackup -n "__pybackup_is structure" -a save -d 'save the skeleton of a tree: directories, links, permissions, owners, times'
complete -c pybackup -n "__pybackup_is structure" -a restore -d 'restore a skeleton, from its file or from an archive'

complete -c pybackup -n "__pybackup_is create" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is create" -l exclude -x -d 'leave out, by the rules of .gitignore'
complete -c pybackup -n "__pybackup_is create" -l exclude-from -r -F -d 'patterns from a file, one per line'
complete -c pybackup -n "__pybackup_is create" -l exclude-dir -x -d 'leave out directories of this name'
complete -c pybackup -n "__pybackup_is create" -l exclude-caches -d 'leave out the content of directories with a CACHEDIR.TAG'
complete -c pybackup -n "__pybackup_is create" -l skip-junk -d 'leave out what systems scatter: Thumbs.db, .DS_Store, *.pyc, ...'
complete -c pybackup -n "__pybackup_is create" -l since -x -d 'only files modified since: 2026-01-31, \'2026-01-31 18:30\', \'2 weeks ago\', yesterday, @SECONDS'
complete -c pybackup -n "__pybackup_is create" -l files-from -r -F -d 'also what FILE lists, one path per line, kept under its whole path; - is standard input'
complete -c pybackup -n "__pybackup_is create" -l null -d 'paths in --files-from end in NUL bytes'
complete -c pybackup -n "__pybackup_is create" -l select -r -F -d 'also what a selection of pyactivity chooses, kept under the base name of its root; - is standard input'
complete -c pybackup -n "__pybackup_is create" -s o -l output -r -F -d 'the archive (default: NAME.xtar here, of one SRC)'
complete -c pybackup -n "__pybackup_is create" -l since-archive -r -F -d 'only what is new or changed, by size and time, since; of several the last with a file decides'
complete -c pybackup -n "__pybackup_is create" -l checksum -d 'for --since-archive compare the content, by its hash, not the time'
complete -c pybackup -n "__pybackup_is create" -l one-file-system -d 'stay on the file system of each SRC'
complete -c pybackup -n "__pybackup_is create" -l compression -x -a 'store fast default small' -d 'how hard to try (default: default)'
complete -c pybackup -n "__pybackup_is create" -l store -x -d 'suffixes never compressed, instead of the default list (jpg, mp4, zip, ...); +EXT,... adds to it'
complete -c pybackup -n "__pybackup_is create" -l segment-size -x -d 'cut longer files, whole MiB (default: 4M; less for small volumes)'
complete -c pybackup -n "__pybackup_is create" -l volumes -x -a '(__fish_complete_directories)' -d 'make a set of volumes in DIR, NAME-001.xtar and so on'
complete -c pybackup -n "__pybackup_is create" -l volume-size -x -d 'cd650, cd700, dvd, dvd-dl, bd25, bd50, or a size'
complete -c pybackup -n "__pybackup_is create" -l first-volumes -x -d 'sizes of the first volumes, for media that are used in part'
complete -c pybackup -n "__pybackup_is create" -l recovery-volumes -x -d 'make M more volumes: any M lost ones of all are brought back by \'pybackup rebuild\''
complete -c pybackup -n "__pybackup_is create" -l second-copies -x -d 'give up to SHARE of each volume, such as 5%%, to second copies of the smallest files of the one before: the loss of one then costs fewer files; those of the last have no second copy (default: none)'
complete -c pybackup -n "__pybackup_is create" -l name -x -d 'of the set (default: that of SRC)'
complete -c pybackup -n "__pybackup_is create" -l pack -x -a 'ordered tight' -d 'tight: fill up with later files where the next does not fit'
complete -c pybackup -n "__pybackup_is create" -l resume -d 'go on behind the volumes that an interrupted run has finished'
complete -c pybackup -n "__pybackup_is create" -l parity -x -d 'how much may be destroyed and rebuilt: 10%%, 64M, fill:SIZE for a whole of SIZE, none (default: 10%%)'
complete -c pybackup -n "__pybackup_is create" -l group-sectors -x -d 'sectors in a group of the code: fewer, less memory (default: 65536)'
complete -c pybackup -n "__pybackup_is create" -l parity-sidecar -d 'put parity and checksums into OUT.xtar.xpar, not into the archive'
complete -c pybackup -n "__pybackup_is create" -l comment -x -d 'a text that \'info\' shows'
complete -c pybackup -n "__pybackup_is create" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is create" -l work-dir -x -a '(__fish_complete_directories)' -d 'where temporary files go (default: beside OUT)'
complete -c pybackup -n "__pybackup_is create" -l dry-run -d 'only show what would be archived and left out, and why'
complete -c pybackup -n "__pybackup_is create" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is create" -l verbose -d 'name each file'
complete -c pybackup -n "__pybackup_is create" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is create" -F

complete -c pybackup -n "__pybackup_is list" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is list" -l long -d 'with mode, owner, size and time, as ls -l'
complete -c pybackup -n "__pybackup_is list" -l null -d 'exact names, each ended by a NUL byte'
complete -c pybackup -n "__pybackup_is list" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is list" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is list" -F

complete -c pybackup -n "__pybackup_is info" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is info" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is info" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is info" -F

complete -c pybackup -n "__pybackup_is extract" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is extract" -l to -x -a '(__fish_complete_directories)' -d 'the directory to restore to; made'
complete -c pybackup -n "__pybackup_is extract" -l overwrite -x -a 'never older always' -d 'replace files that exist (default: never, each is a problem)'
complete -c pybackup -n "__pybackup_is extract" -l no-owner -d 'do not restore owners, not even as root'
complete -c pybackup -n "__pybackup_is extract" -l numeric-owner -d 'restore owners by number, whatever their names are here'
complete -c pybackup -n "__pybackup_is extract" -l devices -d 'make device nodes, which are refused otherwise'
complete -c pybackup -n "__pybackup_is extract" -l strip-components -x -d 'cut so many leading components off each path'
complete -c pybackup -n "__pybackup_is extract" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is extract" -l work-dir -x -a '(__fish_complete_directories)' -d 'where damaged volumes are mended, as large as they are, and discs copied (default: beside --to)'
complete -c pybackup -n "__pybackup_is extract" -l one-drive -d 'ARCHIVE is a drive for all discs: each is copied to --work-dir before the next is asked for'
complete -c pybackup -n "__pybackup_is extract" -l stdout -d 'write the content of the one file PATTERN to stdout'
complete -c pybackup -n "__pybackup_is extract" -l dry-run -d 'only show what would be restored'
complete -c pybackup -n "__pybackup_is extract" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is extract" -l verbose -d 'name each file'
complete -c pybackup -n "__pybackup_is extract" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is extract" -F

complete -c pybackup -n "__pybackup_is unpack" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is unpack" -l to -x -a '(__fish_complete_directories)' -d 'where the .7z files go; made'
complete -c pybackup -n "__pybackup_is unpack" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is unpack" -l verbose -d 'name each file'
complete -c pybackup -n "__pybackup_is unpack" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is unpack" -F

complete -c pybackup -n "__pybackup_is verify" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is verify" -l deep -d 'also decompress every file and check its content\'s hash'
complete -c pybackup -n "__pybackup_is verify" -l against -x -a '(__fish_complete_directories)' -d 'also compare with what was archived, or extracted: content, size, mode, owner, time, type'
complete -c pybackup -n "__pybackup_is verify" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is verify" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is verify" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is verify" -l html -r -F -d 'also write FILE.html for a browser: a map of the volume, and which files are touched'
complete -c pybackup -n "__pybackup_is verify" -F

complete -c pybackup -n "__pybackup_is protect" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is protect" -s o -l output -x -d 'the sidecar (default: FILE.xpar)'
complete -c pybackup -n "__pybackup_is protect" -l parity -x -d 'how much may be destroyed and rebuilt: 10%%, 64M, fill:SIZE for a whole of SIZE, none (default: 10%%)'
complete -c pybackup -n "__pybackup_is protect" -l group-sectors -x -d 'sectors in a group of the code: fewer, less memory (default: 65536)'
complete -c pybackup -n "__pybackup_is protect" -l work-dir -x -a '(__fish_complete_directories)' -d 'where temporary files go (default: beside the sidecar)'
complete -c pybackup -n "__pybackup_is protect" -l recovery-volumes -x -d 'make M more for the set of these volumes'
complete -c pybackup -n "__pybackup_is protect" -l to -x -a '(__fish_complete_directories)' -d 'where they appear; made (default: beside the first volume)'
complete -c pybackup -n "__pybackup_is protect" -l volume-size -x -d 'what each has to fit: cd700, dvd, bd25, ..., or a size (default: that of the largest data volume)'
complete -c pybackup -n "__pybackup_is protect" -l first-number -x -d 'number of the first, where some exist that are not here'
complete -c pybackup -n "__pybackup_is protect" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is protect" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is protect" -F

complete -c pybackup -n "__pybackup_is repair" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is repair" -l map -r -F -d 'the map that ddrescue wrote with a COPY; one for each, in their order'
complete -c pybackup -n "__pybackup_is repair" -s o -l output -x -d 'the file to write'
complete -c pybackup -n "__pybackup_is repair" -l in-place -d 'mend the first COPY itself'
complete -c pybackup -n "__pybackup_is repair" -l work-dir -x -a '(__fish_complete_directories)' -d 'where temporary files go (default: beside FIXED)'
complete -c pybackup -n "__pybackup_is repair" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is repair" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is rebuild" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is rebuild" -l to -x -a '(__fish_complete_directories)' -d 'where the volumes appear; made'
complete -c pybackup -n "__pybackup_is rebuild" -l work-dir -x -a '(__fish_complete_directories)' -d 'where temporary files go (default: DIR of --to)'
complete -c pybackup -n "__pybackup_is rebuild" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is rebuild" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is salvage" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is salvage" -l map -r -F -d 'the map that ddrescue wrote with a COPY; one for each, in their order'
complete -c pybackup -n "__pybackup_is salvage" -l to -x -a '(__fish_complete_directories)' -d 'the directory to restore to; made'
complete -c pybackup -n "__pybackup_is salvage" -l overwrite -x -a 'never older always' -d 'replace files that exist (default: never, each is a problem)'
complete -c pybackup -n "__pybackup_is salvage" -l no-owner -d 'do not restore owners, not even as root'
complete -c pybackup -n "__pybackup_is salvage" -l numeric-owner -d 'restore owners by number, whatever their names are here'
complete -c pybackup -n "__pybackup_is salvage" -l devices -d 'make device nodes, which are refused otherwise'
complete -c pybackup -n "__pybackup_is salvage" -l partial -x -a 'keep drop' -d 'what becomes of files of which only a part is right (default: keep, as NAME.partial)'
complete -c pybackup -n "__pybackup_is salvage" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is salvage" -l work-dir -x -a '(__fish_complete_directories)' -d 'where the repaired image lies meanwhile (default: beside DIR)'
complete -c pybackup -n "__pybackup_is salvage" -l report -r -F -d 'write what became of every file: FILE.json or FILE.html'
complete -c pybackup -n "__pybackup_is salvage" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is salvage" -l verbose -d 'name each file'
complete -c pybackup -n "__pybackup_is salvage" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is forecast" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is forecast" -l sweep -d 'show how likely all comes back, for each half percent of bad sectors'
complete -c pybackup -n "__pybackup_is forecast" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is forecast" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is forecast" -F

complete -c pybackup -n "__pybackup_is drill" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is drill" -l damage -x -a 'flips scattered burst scratches start end both truncate insert delete' -d 'only this kind of damage; may be repeated'
complete -c pybackup -n "__pybackup_is drill" -l fraction -x -d 'hit this part of the sectors, such as 5%%'
complete -c pybackup -n "__pybackup_is drill" -l seed -x -d 'of the first round (default: 0)'
complete -c pybackup -n "__pybackup_is drill" -l rounds -x -d 'of each kind, each with a seed of its own'
complete -c pybackup -n "__pybackup_is drill" -l work-dir -x -a '(__fish_complete_directories)' -d 'where the copies lie (default: that of the system)'
complete -c pybackup -n "__pybackup_is drill" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is drill" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is drill" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is drill" -F

complete -c pybackup -n "__pybackup_is disc plan" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is disc plan" -l exclude -x -d 'leave out, by the rules of .gitignore'
complete -c pybackup -n "__pybackup_is disc plan" -l exclude-from -r -F -d 'patterns from a file, one per line'
complete -c pybackup -n "__pybackup_is disc plan" -l exclude-dir -x -d 'leave out directories of this name'
complete -c pybackup -n "__pybackup_is disc plan" -l exclude-caches -d 'leave out the content of directories with a CACHEDIR.TAG'
complete -c pybackup -n "__pybackup_is disc plan" -l skip-junk -d 'leave out what systems scatter: Thumbs.db, .DS_Store, *.pyc, ...'
complete -c pybackup -n "__pybackup_is disc plan" -l since -x -d 'only files modified since: 2026-01-31, \'2026-01-31 18:30\', \'2 weeks ago\', yesterday, @SECONDS'
complete -c pybackup -n "__pybackup_is disc plan" -l files-from -r -F -d 'also what FILE lists, one path per line, kept under its whole path; - is standard input'
complete -c pybackup -n "__pybackup_is disc plan" -l null -d 'paths in --files-from end in NUL bytes'
complete -c pybackup -n "__pybackup_is disc plan" -l select -r -F -d 'also what a selection of pyactivity chooses, kept under the base name of its root; - is standard input'
complete -c pybackup -n "__pybackup_is disc plan" -l one-file-system -d 'stay on the file system of each SRC'
complete -c pybackup -n "__pybackup_is disc plan" -l volume-size -x -d 'what a disc takes: cd650, cd700, dvd, dvd-dl, bd25, bd50, or a size (default: each of these)'
complete -c pybackup -n "__pybackup_is disc plan" -l first-volumes -x -d 'what the first discs take, where these are partly used ones'
complete -c pybackup -n "__pybackup_is disc plan" -l recovery-volumes -x -d 'and so many more'
complete -c pybackup -n "__pybackup_is disc plan" -l second-copies -x -d 'give up to SHARE of each disc, such as 5%%, to second copies, as for create (default: none)'
complete -c pybackup -n "__pybackup_is disc plan" -l compression -x -a 'store fast default small' -d 'as for create (default: default)'
complete -c pybackup -n "__pybackup_is disc plan" -l store -x -d 'as for create'
complete -c pybackup -n "__pybackup_is disc plan" -l workers -x -d 'processes (default: one a processor)'
complete -c pybackup -n "__pybackup_is disc plan" -l parity -x -d 'how much may be destroyed and rebuilt: 10%%, 64M, fill:SIZE for a whole of SIZE, none (default: 10%%)'
complete -c pybackup -n "__pybackup_is disc plan" -l group-sectors -x -d 'sectors in a group of the code: fewer, less memory (default: 65536)'
complete -c pybackup -n "__pybackup_is disc plan" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is disc plan" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is disc plan" -F

complete -c pybackup -n "__pybackup_is disc build" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is disc build" -l to -x -a '(__fish_complete_directories)' -d 'where images go; made'
complete -c pybackup -n "__pybackup_is disc build" -l medium -x -d 'what the disc takes: cd650, cd700, dvd, dvd-dl, bd25, bd50, or a size (default: what the volume was made for)'
complete -c pybackup -n "__pybackup_is disc build" -l parity -x -d 'as for create, over the whole image, made anew; fill: all that is left of the disc (default: grown from that of the volume)'
complete -c pybackup -n "__pybackup_is disc build" -l group-sectors -x -d 'sectors in a group of the code, made anew; more of them stand a little more, and need more memory (default: as the volume, or small ones)'
complete -c pybackup -n "__pybackup_is disc build" -l work-dir -x -a '(__fish_complete_directories)' -d 'where unfinished images lie (default: in DIR)'
complete -c pybackup -n "__pybackup_is disc build" -l dry-run -d 'only say what would be built'
complete -c pybackup -n "__pybackup_is disc build" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is disc build" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is disc burn" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is disc burn" -l device -x -d 'the drive, as /dev/sr0'
complete -c pybackup -n "__pybackup_is disc burn" -l speed -x -d 'as the drive counts: 8 for 8x (default: its own choice)'
complete -c pybackup -n "__pybackup_is disc burn" -l erase -d 'erase the medium first, if it is not blank and can be'
complete -c pybackup -n "__pybackup_is disc burn" -l verify -d 'read the disc back and compare'
complete -c pybackup -n "__pybackup_is disc burn" -l dry-run -d 'check the image and the medium, and say what would be done'
complete -c pybackup -n "__pybackup_is disc burn" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is disc burn" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is disc check" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is disc check" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is disc check" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is disc label" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is disc label" -l to -x -a '(__fish_complete_directories)' -d 'where labels go; made'
complete -c pybackup -n "__pybackup_is disc label" -l shape -x -a 'disc case both' -d 'which label (default: both)'
complete -c pybackup -n "__pybackup_is disc label" -l discs -x -d 'how many the set has (default: as its last volume says)'
complete -c pybackup -n "__pybackup_is disc label" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is disc label" -l json -d 'results as JSON on standard output'

complete -c pybackup -n "__pybackup_is structure save" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is structure save" -l exclude -x -d 'leave out, by the rules of .gitignore'
complete -c pybackup -n "__pybackup_is structure save" -l exclude-from -r -F -d 'patterns from a file, one per line'
complete -c pybackup -n "__pybackup_is structure save" -l exclude-dir -x -d 'leave out directories of this name'
complete -c pybackup -n "__pybackup_is structure save" -l exclude-caches -d 'leave out the content of directories with a CACHEDIR.TAG'
complete -c pybackup -n "__pybackup_is structure save" -l skip-junk -d 'leave out what systems scatter: Thumbs.db, .DS_Store, *.pyc, ...'
complete -c pybackup -n "__pybackup_is structure save" -l since -x -d 'only files modified since: 2026-01-31, \'2026-01-31 18:30\', \'2 weeks ago\', yesterday, @SECONDS'
complete -c pybackup -n "__pybackup_is structure save" -l files-from -r -F -d 'also what FILE lists, one path per line, kept under its whole path; - is standard input'
complete -c pybackup -n "__pybackup_is structure save" -l null -d 'paths in --files-from end in NUL bytes'
complete -c pybackup -n "__pybackup_is structure save" -l select -r -F -d 'also what a selection of pyactivity chooses, kept under the base name of its root; - is standard input'
complete -c pybackup -n "__pybackup_is structure save" -s o -l output -r -F -d 'the file to write'
complete -c pybackup -n "__pybackup_is structure save" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is structure save" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is structure save" -F

complete -c pybackup -n "__pybackup_is structure restore" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is structure restore" -l to -x -a '(__fish_complete_directories)' -d 'the directory to restore to; made'
complete -c pybackup -n "__pybackup_is structure restore" -l overwrite -x -a 'never older always' -d 'replace files that exist (default: never, each is a problem)'
complete -c pybackup -n "__pybackup_is structure restore" -l no-owner -d 'do not restore owners, not even as root'
complete -c pybackup -n "__pybackup_is structure restore" -l numeric-owner -d 'restore owners by number, whatever their names are here'
complete -c pybackup -n "__pybackup_is structure restore" -l devices -d 'make device nodes, which are refused otherwise'
complete -c pybackup -n "__pybackup_is structure restore" -l quiet -d 'say nothing but problems'
complete -c pybackup -n "__pybackup_is structure restore" -l json -d 'results as JSON on standard output'
complete -c pybackup -n "__pybackup_is structure restore" -F

complete -c pybackup -n "__pybackup_is completion" -s h -l help -d 'show this help message and exit'
complete -c pybackup -n "__pybackup_is completion" -a 'bash zsh fish'
