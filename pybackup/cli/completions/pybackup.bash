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
        chain|disc|catalogue|jobs|snapshot|stage|structure) [[ $word == -* ]] || verb="$verb $word" ;;
        esac
    done
    case "$verb" in
    '')
        options='-h --help --version'
        words='create list diff info extract restore chain export mount unpack verify protect repair rebuild salvage forecast drill disc catalogue run jobs snapshot stage structure completion'
        ;;
    'create')
        options='-h --help --exclude --exclude-from --exclude-dir --exclude-caches --skip-junk --since --files-from --null --select --compression --store --segment-size --comment --workers --work-dir --parity --group-sectors --since-archive --skip-known --since-catalogue --known-copies --known-unchecked --checksum --chain --level --catalogue --delta --one-file-system --overwrite -o --output --parity-sidecar --volumes --volume-size --first-volumes --recovery-volumes --second-copies --name --pack --resume --dry-run --executor --quiet --verbose --json'
        case "$previous" in
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --exclude-dir) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --files-from) return ;;
        --select) return ;;
        --compression) words='store fast default small' ;;
        --store) compopt +o default 2>/dev/null; return ;;
        --segment-size) compopt +o default 2>/dev/null; return ;;
        --comment) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --since-archive) return ;;
        --known-copies) compopt +o default 2>/dev/null; return ;;
        --known-unchecked) compopt +o default 2>/dev/null; return ;;
        --chain) compopt +o default 2>/dev/null; return ;;
        --level) words='auto full differential incremental' ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --delta) compopt +o default 2>/dev/null; return ;;
        -o|--output) return ;;
        --volumes) compopt +o default -o dirnames 2>/dev/null; return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-volumes) compopt +o default 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --second-copies) compopt +o default 2>/dev/null; return ;;
        --name) compopt +o default 2>/dev/null; return ;;
        --pack) words='ordered tight' ;;
        --executor) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'list')
        options='-h --help --at --catalogue --long --null --quiet --json'
        case "$previous" in
        --at) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'diff')
        options='-h --help --checksum --quiet --json'
        case "$previous" in
        esac
        ;;
    'info')
        options='-h --help --quiet --json'
        case "$previous" in
        esac
        ;;
    'extract')
        options='-h --help --overwrite --no-owner --numeric-owner --devices --to --strip-components --workers --work-dir --one-drive --stdout --dry-run --quiet --verbose --json'
        case "$previous" in
        --overwrite) words='never older always' ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --strip-components) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'restore')
        options='-h --help --overwrite --no-owner --numeric-owner --devices --to --at --nearest --delete --catalogue --workers --work-dir --plan --drive --quiet --verbose --json'
        case "$previous" in
        --overwrite) words='never older always' ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --at) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --drive) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'chain merge')
        options='-h --help --compression --store --segment-size --comment --workers --work-dir --parity --group-sectors -o --output --at --catalogue --overwrite --quiet --verbose --json'
        case "$previous" in
        --compression) words='store fast default small' ;;
        --store) compopt +o default 2>/dev/null; return ;;
        --segment-size) compopt +o default 2>/dev/null; return ;;
        --comment) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        -o|--output) return ;;
        --at) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'export')
        options='-h --help --to --format --overwrite --work-dir --quiet --verbose --json'
        case "$previous" in
        --to) return ;;
        --format) words='zip tar tar.gz tar.bz2 tar.xz json' ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'mount')
        options='-h --help --allow-other --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'unpack')
        options='-h --help --to --quiet --verbose --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'verify')
        options='-h --help --deep --workers --against --catalogue --medium --quiet --json --overwrite --html'
        case "$previous" in
        --workers) compopt +o default 2>/dev/null; return ;;
        --against) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        --html) return ;;
        esac
        ;;
    'protect')
        options='-h --help --parity --group-sectors -o --output --work-dir --overwrite --recovery-volumes --to --volume-size --first-number --catalogue --quiet --json'
        case "$previous" in
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        -o|--output) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-number) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'repair')
        options='-h --help --map --work-dir --overwrite -o --output --in-place --catalogue --medium --quiet --json'
        case "$previous" in
        --map) return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        -o|--output) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
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
        options='-h --help --overwrite --no-owner --numeric-owner --devices --to --map --partial --workers --work-dir --report --quiet --verbose --json'
        case "$previous" in
        --overwrite) words='never older always' ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --map) return ;;
        --partial) words='keep drop' ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --report) return ;;
        esac
        ;;
    'forecast')
        options='-h --help --sweep --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
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
        options='-h --help --exclude --exclude-from --exclude-dir --exclude-caches --skip-junk --since --files-from --null --select --parity --group-sectors --volume-size --first-volumes --recovery-volumes --second-copies --one-file-system --compression --store --workers --quiet --json'
        case "$previous" in
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --exclude-dir) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --files-from) return ;;
        --select) return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --volume-size) compopt +o default 2>/dev/null; return ;;
        --first-volumes) compopt +o default 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --second-copies) compopt +o default 2>/dev/null; return ;;
        --compression) words='store fast default small' ;;
        --store) compopt +o default 2>/dev/null; return ;;
        --workers) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'disc build')
        options='-h --help --to --medium --parity --group-sectors --carry-catalogue --work-dir --overwrite --dry-run --catalogue --quiet --json'
        case "$previous" in
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --group-sectors) compopt +o default 2>/dev/null; return ;;
        --carry-catalogue) return ;;
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
        options='-h --help --label --place --title --description --copy --tree --no-hash --depth --catalogue --quiet --json'
        case "$previous" in
        --label) compopt +o default 2>/dev/null; return ;;
        --place) compopt +o default 2>/dev/null; return ;;
        --title) compopt +o default 2>/dev/null; return ;;
        --description) compopt +o default 2>/dev/null; return ;;
        --depth) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue list')
        options='-h --help --place --html --overwrite --catalogue --quiet --json'
        case "$previous" in
        --place) compopt +o default 2>/dev/null; return ;;
        --html) return ;;
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
    'catalogue verify')
        options='-h --help --at --against --catalogue --quiet --json'
        case "$previous" in
        --at) compopt +o default 2>/dev/null; return ;;
        --against) compopt +o default -o dirnames 2>/dev/null; return ;;
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
    'catalogue prune')
        options='-h --help --keep --plan --catalogue --quiet --json'
        case "$previous" in
        --keep) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue refresh')
        options='-h --help --older --copies --unchecked --from --to --work-dir --overwrite --catalogue --quiet --json'
        case "$previous" in
        --older) compopt +o default 2>/dev/null; return ;;
        --copies) compopt +o default 2>/dev/null; return ;;
        --unchecked) compopt +o default 2>/dev/null; return ;;
        --from) compopt +o default 2>/dev/null; return ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        --work-dir) compopt +o default -o dirnames 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue export')
        options='-h --help --overwrite --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue import')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'catalogue rebuild')
        options='-h --help --catalogue --quiet --json'
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
    'run')
        options='-h --help --comment --since --level --dry-run --html --overwrite --config --quiet --verbose --json'
        case "$previous" in
        --comment) compopt +o default 2>/dev/null; return ;;
        --since) compopt +o default 2>/dev/null; return ;;
        --level) words='auto full differential incremental' ;;
        --html) compopt +o default 2>/dev/null; return ;;
        --config) return ;;
        esac
        ;;
    'jobs init')
        options='-h --help -o --output --overwrite --dry-run --quiet --json'
        case "$previous" in
        -o|--output) return ;;
        esac
        ;;
    'jobs list')
        options='-h --help --config --quiet --json'
        case "$previous" in
        --config) return ;;
        esac
        ;;
    'jobs show')
        options='-h --help --config --quiet --json'
        case "$previous" in
        --config) return ;;
        esac
        ;;
    'jobs check')
        options='-h --help --config --quiet --json'
        case "$previous" in
        --config) return ;;
        esac
        ;;
    'jobs status')
        options='-h --help --max-age --format --config --quiet --json'
        case "$previous" in
        --max-age) compopt +o default 2>/dev/null; return ;;
        --format) words='text prometheus nagios' ;;
        --config) return ;;
        esac
        ;;
    'jobs log')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'jobs tell')
        options='-h --help --config --quiet --json'
        case "$previous" in
        --config) return ;;
        esac
        ;;
    'jobs timers')
        options='-h --help --cron --config --quiet --json'
        case "$previous" in
        --config) return ;;
        esac
        ;;
    'snapshot run')
        options='-h --help --name --exclude --exclude-from --one-file-system --ssh --checksum --checksum-every --fake-super --rsync-arg --no-hash --require-files --require-mounted --keep --dry-run --quiet --json'
        case "$previous" in
        --name) compopt +o default 2>/dev/null; return ;;
        --exclude) compopt +o default 2>/dev/null; return ;;
        --exclude-from) return ;;
        --ssh) compopt +o default 2>/dev/null; return ;;
        --checksum-every) compopt +o default 2>/dev/null; return ;;
        --rsync-arg) compopt +o default 2>/dev/null; return ;;
        --require-files) compopt +o default 2>/dev/null; return ;;
        --require-mounted) compopt +o default -o dirnames 2>/dev/null; return ;;
        --keep) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'snapshot list')
        options='-h --help --ssh --sizes --quiet --json'
        case "$previous" in
        --ssh) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'snapshot diff')
        options='-h --help --checksum --quiet --json'
        case "$previous" in
        esac
        ;;
    'snapshot verify')
        options='-h --help --catalogue --quiet --json'
        case "$previous" in
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'snapshot prune')
        options='-h --help --keep --ssh --dry-run --quiet --json'
        case "$previous" in
        --keep) compopt +o default 2>/dev/null; return ;;
        --ssh) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'stage init')
        options='-h --help --staging --medium --name --threshold --parity --on-full --device --recovery-every --recovery-volumes --check-every --compare --settle --exclude --from-disc --quiet --json'
        case "$previous" in
        --staging) compopt +o default -o dirnames 2>/dev/null; return ;;
        --medium) compopt +o default 2>/dev/null; return ;;
        --name) compopt +o default 2>/dev/null; return ;;
        --threshold) compopt +o default 2>/dev/null; return ;;
        --parity) compopt +o default 2>/dev/null; return ;;
        --on-full) words='ask build burn' ;;
        --device) compopt +o default 2>/dev/null; return ;;
        --recovery-every) compopt +o default 2>/dev/null; return ;;
        --recovery-volumes) compopt +o default 2>/dev/null; return ;;
        --check-every) compopt +o default 2>/dev/null; return ;;
        --compare) words='size+mtime+ctime size+mtime checksum' ;;
        --settle) compopt +o default 2>/dev/null; return ;;
        --exclude) compopt +o default 2>/dev/null; return ;;
        --from-disc) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'stage status')
        options='-h --help --html --overwrite --quiet --json'
        case "$previous" in
        --html) return ;;
        esac
        ;;
    'stage scan')
        options='-h --help --workers --catalogue --quiet --json'
        case "$previous" in
        --workers) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'stage close')
        options='-h --help --workers --catalogue --quiet --json'
        case "$previous" in
        --workers) compopt +o default 2>/dev/null; return ;;
        --catalogue) compopt +o default 2>/dev/null; return ;;
        esac
        ;;
    'stage verify')
        options='-h --help --quiet --json'
        case "$previous" in
        esac
        ;;
    'stage lost')
        options='-h --help --dry-run --quiet --json'
        case "$previous" in
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
        options='-h --help --overwrite --no-owner --numeric-owner --devices --to --quiet --json'
        case "$previous" in
        --overwrite) words='never older always' ;;
        --to) compopt +o default -o dirnames 2>/dev/null; return ;;
        esac
        ;;
    'completion')
        options='-h --help'
        words='bash zsh fish'
        case "$previous" in
        esac
        ;;
    chain) words='merge' ;;
    disc) words='plan build burn check label' ;;
    catalogue) words='init add list show files find whereis history at-risk due check hash verify lost found move remove prune refresh export import rebuild upgrade' ;;
    jobs) words='init list show check status log tell timers' ;;
    snapshot) words='run list diff verify prune' ;;
    stage) words='init status scan close verify lost' ;;
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
