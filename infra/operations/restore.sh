#!/bin/sh
# Restores a backup into an EMPTY database:  DATABASE_URL=postgres://… infra/operations/restore.sh chat.dump
# All or nothing. Stop the services that use this database before, start them after; empty Redis, whose keys speak of what was.
set -eu
: "${DATABASE_URL:?give the URL of the empty database to restore into}"
file=${1:?usage: restore.sh FILE}
tables=$(psql "$DATABASE_URL" --no-psqlrc --tuples-only --no-align -c \
  "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')")
if [ "$tables" != 0 ]; then
  echo "The database has $tables tables already: give an empty one (createdb), so that nothing is overwritten." >&2
  exit 1
fi
pg_restore --dbname="$DATABASE_URL" --no-owner --no-privileges --exit-on-error --single-transaction "$file"
psql "$DATABASE_URL" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file="$(dirname "$0")/after-restore.sql"
echo "Restored $file"
