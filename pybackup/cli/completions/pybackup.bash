# bash completion for pybackup; made by python -m pybackup.cli.completions, do not edit

_pybackup() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb= word options= words=
    COMPREPLY=()
    # bash takes the = of --option=value for a word of its own
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case "$verb" in
        '') [[ $word == -* ]] || verb=$word ;;
        disc|catalogue|structure) [[ $word == -* ]] || verb="$verb $word" ;;
        esac
    done
    case "$verb" in
    '')
        options='-h --help --version'
        words='create list info extract unpack verify protect repair rebuild salvage forecast drill disc catalogue structure completion'
        ;;
    'create')
        options='-h --help --exclude --exclude-from --exclude-dir --exclude-caches --skip-junk --since --files-from --null --select -o --output --since-archive --checksum --one-file-system --compression --store --segment-size --volumes --volume-size --first-volumes --recovery-volumes --second-copies --name --pack --resume --parity --group-sectors --parity-sidecar --comment --workers --work-dir --overwrite --dry-run --catalogue --quiet --verbose --json'
        case "$previous" in
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --exclude-dir) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --files-from) return ;;
        --select) return ;;
        -o|--output) return ;;
        --since-archive) return ;;
        --compression) words='store fast default small' ;;
        --store) compopt +o default 2>/dev/null; return ;;
        --segment-size) compopt +o default 2>/dev/null; return ;;
        --volumes) compopt +o default -o dirnames 2>/dev/null; return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-volumes) compopt +o default 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --second-copies) compopt +o default 2>/dev/null; return ;;
        --name) compopt +o default 2>/dev/null; return ;;
        --pack) words='ordered tight' ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --comment) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'list')
        options='-h --help --long --null --quiet --json'
        case "$previous" in
        esac
        ;;
    'info')
        options='-h --help --quiet --json'
        case "$previous" in
        esac
        ;;
    'extract')
        options='-h --help --to --overwrite --no-owner --numeric-owner --devices --strip-components --workers --work-dir --one-drive --stdout --dry-run --quiet --verbose --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --overwrite) words='never older always' ;;
        --strip-components) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'unpack')
        options='-h --help --to --quiet --verbose --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'verify')
        options='-h --help --deep --against --workers --catalogue --medium --quiet --json --overwrite --html'
        case "$previous" in
        --against) compopt +o default -o dirnames 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        --html) return ;;
        esac
        ;;
    'protect')
        options='-h --help -o --output --parity --group-sectors --work-dir --recovery-volumes --to --volume-size --first-number --overwrite --catalogue --quiet --json'
        case "$previous" in
        -o|--output) compopt +o default 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-number) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'repair')
        options='-h --help --map -o --output --in-place --work-dir --overwrite --quiet --json'
        case "$previous" in
        --map) return ;;
        -o|--output) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'rebuild')
        options='-h --help --to --work-dir --overwrite --catalogue --quiet --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'salvage')
        options='-h --help --map --to --overwrite --no-owner --numeric-owner --devices --partial --workers --work-dir --report --quiet --verbose --json'
        case "$previous" in
        --map) return ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --overwrite) words='never older always' ;;
        --partial) words='keep drop' ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --report) return ;;
        esac
        ;;
    'forecast')
        options='-h --help --sweep --quiet --json'
        case "$previous" in
        esac
        ;;
    'drill')
        options='-h --help --damage --fraction --seed --rounds --work-dir --workers --quiet --json'
        case "$previous" in
        --damage) words='flips scattered burst scratches start end both truncate insert delete' ;;
        --fraction) compopt +o default 2>/dev/null; return ;;
        --seed) compopt +o default 2>/dev/null; return ;;
        --rounds) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc plan')
        options='-h --help --exclude --exclude-from --exclude-dir --exclude-caches --skip-junk --since --files-from --null --select --one-file-system --volume-size --first-volumes --recovery-volumes --second-copies --compression --store --workers --parity --group-sectors --quiet --json'
        case "$previous" in
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --exclude-dir) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --files-from) return ;;
        --select) return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-volumes) compopt +o default 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --second-copies) compopt +o default 2>/dev/null; return ;;
        --compression) words='store fast default small' ;;
        --store) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc build')
        options='-h --help --to --medium --parity --group-sectors --work-dir --dry-run --overwrite --catalogue --quiet --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc burn')
        options='-h --help --device --speed --overwrite --erase --force --verify --no-eject --dry-run --catalogue --quiet --json'
        case "$previous" in
        --device) compopt +o default 2>/dev/null; return ;;
        --speed) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc check')
        options='-h --help --catalogue --medium --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc label')
        options='-h --help --to --shape --discs --overwrite --quiet --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --shape) words='disc case both' ;;
        --discs) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue init')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue add')
        options='-h --help --label --place --title --description --copy --tree --no-hash --catalogue --quiet --json'
        case "$previous" in
        --label) compopt +o default 2>/dev/null; return ;;
        --place) compopt +o default 2>/dev/null; return ;;
        --title) compopt +o default 2>/dev/null; return ;;
        --description) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue list')
        options='-h --help --place --catalogue --quiet --json'
        case "$previous" in
        --place) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue show')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue files')
        options='-h --help --long --null --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue find')
        options='-h --help --hash --like --min-size --max-size --since --until --null --catalogue --quiet --json'
        case "$previous" in
        --hash) compopt +o default 2>/dev/null; return ;;
        --like) return ;;
        --min-size) compopt +o default 2>/dev/null; return ;;
        --max-size) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --until) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue whereis')
        options='-h --help --hash --like --catalogue --quiet --json'
        case "$previous" in
        --hash) compopt +o default 2>/dev/null; return ;;
        --like) return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue history')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue at-risk')
        options='-h --help --copies --places --unchecked --files --catalogue --quiet --json'
        case "$previous" in
        --copies) compopt +o default 2>/dev/null; return ;;
        --places) compopt +o default 2>/dev/null; return ;;
        --unchecked) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue due')
        options='-h --help --age --catalogue --quiet --json'
        case "$previous" in
        --age) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue check')
        options='-h --help --copies --unchecked --checksum --all --catalogue --quiet --json'
        case "$previous" in
        --copies) compopt +o default 2>/dev/null; return ;;
        --unchecked) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue hash')
        options='-h --help --at --catalogue --quiet --json'
        case "$previous" in
        --at) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue lost')
        options='-h --help --dry-run --in --checksum --unchecked --files --catalogue --quiet --json'
        case "$previous" in
        --in) compopt +o default -o dirnames 2>/dev/null; return ;;
        --unchecked) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue found')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue move')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue remove')
        options='-h --help --retired --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue upgrade')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'structure save')
        options='-h --help --exclude --exclude-from --exclude-dir --exclude-caches --skip-junk --since --files-from --null --select -o --output --overwrite --quiet --json'
        case "$previous" in
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --exclude-dir) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --files-from) return ;;
        --select) return ;;
        -o|--output) return ;;
        esac
        ;;
    'structure restore')
        options='-h --help --to --overwrite --no-owner --numeric-owner --devices --quiet --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --overwrite) words='never older always' ;;
        esac
        ;;
    'completion')
        options='-h --help'
        words='bash zsh fish'
        case "$previous" in
        esac
        ;;
    disc) words='plan build burn check label' ;;
    catalogue) words='init add list show files find whereis history at-risk due check hash lost found move remove upgrade' ;;
    structure) words='save restore' ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    fi
    # nothing found: readline goes on with the names of files
}

complete -o default -F _pybackup pybackup
