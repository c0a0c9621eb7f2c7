#!/usr/bin/env bash
# Backup and restore of Metabase's own data: its PostgreSQL database.
#
#   metadata.sh backup                    write a dated file to BACKUP_DIR, keep the newest BACKUP_KEEP
#   metadata.sh restore FILE [--force]    into an empty database; --force empties it first
#
# Which database: libpq's own variables (PGHOST, PGPORT, PGUSER, PGDATABASE). The password only in
# PGPASSWORD or a PGPASSFILE: an argument could be seen in the list of processes.
set -euo pipefail

# A dump holds people's names and hashed passwords.
umask 077

partial=""

fail() {
    echo "metadata.sh: $*" >&2
    exit 1
}

remove_partial() {
    if [[ -n "$partial" ]]; then
        rm -f -- "$partial"
    fi
}
trap remove_partial EXIT
# So that the trap above also runs when somebody stops this script.
trap 'exit 130' INT
trap 'exit 143' TERM

usage() {
    echo "usage: metadata.sh backup | metadata.sh restore FILE [--force]" >&2
    exit 2
}

require() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail "$tool is missing: install PostgreSQL's client"
    done
    # Without it libpq would guess the user's name.
    [[ -n "${PGDATABASE:-}" ]] || fail "PGDATABASE is not set: which database?"
}

ask() {
    psql --no-psqlrc --no-password --quiet --tuples-only --no-align \
        --set ON_ERROR_STOP=1 --command "$1"
}

# Reads the whole file, not only its list of contents: a file that was cut short has a good list.
is_whole() {
    pg_restore --file=/dev/null -- "$1"
}

backup() {
    require pg_dump pg_restore
    local folder="${BACKUP_DIR:-backups}" keep="${BACKUP_KEEP:-14}" file contents
    [[ "$keep" =~ ^[1-9][0-9]*$ ]] || fail "BACKUP_KEEP must be a number from 1, not '$keep'"
    mkdir -p -- "$folder" || fail "cannot write to BACKUP_DIR, $folder"

    file="$folder/metabase-$(date -u +%Y%m%dT%H%M%SZ).dump"
    # Leftovers of a killed backup; at least a day old, because another backup may be running.
    find "$folder" -maxdepth 1 -name 'metabase-*.partial.*' -mtime +0 -exec rm -f -- {} +
    partial=$(mktemp -- "${file%.dump}.partial.XXXXXX") || fail "cannot write to BACKUP_DIR, $folder"

    pg_dump --no-password --format=custom --no-owner --no-privileges --file="$partial" ||
        fail "pg_dump failed, see above; no backup was written"
    is_whole "$partial" || fail "the dump cannot be read back; no backup was written"
    contents=$(pg_restore --list -- "$partial")
    grep -q ' TABLE DATA ' <<<"$contents" ||
        fail "there are no tables in database $PGDATABASE: is it Metabase's? No backup was written"
    # Only a complete file gets its final name. Never overwrite another one.
    [[ ! -e "$file" ]] || fail "$file is there already: another backup began in the same second"
    mv -- "$partial" "$file"
    partial=""
    echo "$file ($(wc -c <"$file" | tr -d ' ') bytes)"

    retain "$folder" "$keep"
}

# The names sort by date.
retain() {
    local folder="$1" keep="$2" dumps number
    dumps=("$folder"/metabase-[0-9]*T[0-9]*Z.dump)
    for ((number = 0; number < ${#dumps[@]} - keep; number++)); do
        rm -- "${dumps[number]}"
        echo "removed ${dumps[number]}"
    done
}

restore() {
    local file="" force="" argument
    for argument in "$@"; do
        case "$argument" in
        --force) force=yes ;;
        -*) usage ;;
        *)
            [[ -z "$file" ]] || usage
            file="$argument"
            ;;
        esac
    done
    [[ -n "$file" ]] || usage
    require pg_restore psql
    [[ -f "$file" ]] || fail "there is no file $file"
    is_whole "$file" || fail "$file is not a whole backup; nothing was changed"

    local others relations
    # More than once: a connection takes a moment to end.
    for _ in 1 2 3 4 5 6; do
        others=$(ask "select count(*) from pg_stat_activity where datname = current_database()
            and backend_type = 'client backend' and pid <> pg_backend_pid()") ||
            fail "cannot reach database $PGDATABASE, see above"
        [[ "$others" != 0 ]] || break
        sleep 0.5
    done
    [[ "$others" == 0 ]] ||
        fail "$others others are connected to database $PGDATABASE: stop Metabase first"
    relations=$(ask "select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and nspname !~ '^(pg_|information_schema$)'")
    if [[ "$relations" != 0 && -z "$force" ]]; then
        fail "database $PGDATABASE is not empty ($relations tables, views and sequences):" \
            "nothing was changed. --force empties it first"
    fi

    # All or nothing. pg_restore ends with COMMIT, which is missing if it breaks off. Emptied as a
    # whole, not table by table: a newer Metabase has tables that the backup does not know.
    {
        # pg_restore begins a transaction too, which would be a warning, and then sets this again.
        echo "begin; set local client_min_messages = error;"
        if [[ -n "$force" ]]; then
            echo "drop schema public cascade;"
            echo "create schema public;"
            # The way PostgreSQL itself creates it.
            echo "alter schema public owner to pg_database_owner;"
            echo "grant usage on schema public to public;"
        fi
        pg_restore --single-transaction --no-owner --no-privileges --file=- -- "$file"
    } | psql --no-psqlrc --no-password --quiet --set ON_ERROR_STOP=1 --output=/dev/null ||
        fail "the restore failed, see above; the database is as it was before"

    relations=$(ask "select count(*) from pg_stat_user_tables")
    echo "restored $file: $relations tables"
}

case "${1:-}" in
backup)
    [[ $# -eq 1 ]] || usage
    backup
    ;;
restore)
    shift
    restore "$@"
    ;;
*) usage ;;
esac
