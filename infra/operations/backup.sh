#!/bin/sh
# Backs the database up while it is used:  DATABASE_URL=postgres://… infra/operations/backup.sh chat.dump
# Needs pg_dump and pg_restore of the server's version or newer. The file appears under its name only once it is whole and can be read.
set -eu
: "${DATABASE_URL:?give the URL of the database to back up}"
file=${1:?usage: backup.sh FILE}
umask 077
trap 'rm -f "$file.part"' EXIT
pg_dump --dbname="$DATABASE_URL" --format=custom --no-owner --no-privileges --lock-wait-timeout=10s --file="$file.part"
pg_restore --list "$file.part" >/dev/null
mv "$file.part" "$file"
echo "Backed up to $file"
