#!/usr/bin/env bash
# What a release of compose services costs at least: fetch, difference, a copy of each volume, recreate, wait. Nothing is checked,
# nothing is flushed, and nothing of it can be resumed or taken back.
# Arguments: how many services at once, CONTAINER_PREFIX, the version that has to answer. Runs in the checkout.
set -euo pipefail
export prefix=$2 version=$3
git fetch --quiet origin main
mapfile -t services < <(git diff --name-only HEAD FETCH_HEAD -- packages | cut -d/ -f2 | sort -u)
git merge --quiet --ff-only FETCH_HEAD
set -a
# shellcheck source=/dev/null
. ./.env
set +a

answer() { # port
  exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET /version HTTP/1.0\r\n\r\n' >&3 && tail -n 1 <&3
}

release() { # service
  set -euo pipefail
  project=$prefix$1
  port=${1^^}_PORT
  data=$(docker volume inspect --format '{{.Mountpoint}}' "${project}_files")
  folder=.asd/workspace/backups/$1/$version
  mkdir -p "$folder"
  tar -C "$data" -cf - . | zstd -T0 -3 -q -o "$folder/files.tar.zst"
  docker compose --project-name "$project" --env-file .env --file "packages/$1/docker-compose.yaml" \
    up --detach --force-recreate 2>"$folder/up.log"
  until [ "$(answer "${!port}" 2>/dev/null)" = "$version" ]; do sleep 0.02; done
}
export -f answer release
# shellcheck disable=SC2016 # the inner bash expands it
printf '%s\0' "${services[@]}" | xargs -0 -P "$1" -I '{}' bash -c 'release "$1"' bash '{}'
