#!/usr/bin/env bash
# A real Metabase, once, in containers that are removed again: does it accept the dashboards, does a
# second deploy change nothing, does a backup restore everything? Needs Docker, and images to pull.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
export COMPOSE_FILE=dashboards/metabase/docker-compose.yml:dashboards/metabase/docker-compose.duckdb.yml
export COMPOSE_PROJECT_NAME=metabase-smoke
export METABASE_URL=http://127.0.0.1:3000 METABASE_SITE_URL=http://127.0.0.1:3000
export METABASE_ADMIN_EMAIL=admin@example.com
export WAREHOUSE_DIR=$scratch/warehouse BACKUP_DIR=$scratch/backups
# nginx is not started, but compose needs the name anyway.
export TLS_DIR=$scratch/no-tls
# Passwords that last an hour.
for name in METABASE_DB_PASSWORD METABASE_ENCRYPTION_SECRET_KEY METABASE_EMBEDDING_SECRET METABASE_ADMIN_PASSWORD; do
    export "$name=$(openssl rand -hex 32)"
done

finish() {
    local code=$?
    [ "$code" -eq 0 ] || docker compose logs --no-color --tail 300
    docker compose down --volumes
    rm -rf "$scratch" 2>/dev/null || sudo rm -rf "$scratch"
    exit "$code"
}
trap finish EXIT

# The sample company. CI is unset, since it refuses sample data. Metabase gets a copy, because it keeps
# its file open and the pipeline could not write to it.
mkdir -p "$WAREHOUSE_DIR" "$BACKUP_DIR"
CI='' DUCKDB_PATH="$scratch/warehouse.duckdb" make run
cp "$scratch/warehouse.duckdb" "$WAREHOUSE_DIR/warehouse.duckdb"
chmod -R a+rX "$scratch"

docker compose up --detach --build --wait --wait-timeout 600 postgres metabase
METABASE_API_KEY=$(.venv/bin/python dashboards/metabase/first_admin.py)
export METABASE_API_KEY DUCKDB_PATH="$scratch/warehouse.duckdb"

.venv/bin/python -m dashboards database --file /warehouse/warehouse.duckdb
.venv/bin/python -m dashboards deploy
.venv/bin/python -m dashboards deploy --plan # 0: nothing would change

docker compose run --rm -T backup
docker compose stop metabase
file=$(basename "$(sudo find "$BACKUP_DIR" -name 'metabase-*.dump')")
docker compose run --rm -T backup restore "/backups/$file" --force
docker compose up --detach --wait --wait-timeout 600 metabase
.venv/bin/python -m dashboards deploy --plan
