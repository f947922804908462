#!/usr/bin/env bash
# Runs one of the project's tasks on any checkout, fresh or not: installs the dependencies where they are missing
# or not those of package-lock.json, builds what is out of date, then starts the task.
#
#   with-setup.sh demo|test|test:long|conformance|build|bench|mutation|api-report|lint|typecheck [argument]...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node=$PWD/node_modules/.bin/node
stamp=node_modules/.installed-lock

step() { printf '==> %s\n' "$*" >&2; }
fail() { printf 'conmon-ts: %s\n' "$@" >&2; exit 1; }

main() {
  local task=${1:?usage: with-setup.sh demo|test|test:long|conformance|build|bench|mutation|api-report|lint|typecheck [argument]...}
  shift
  [[ $(uname -s) == Linux ]] || fail 'conmon-ts runs on Linux only: containers are processes of its kernel.'
  require_npm
  require_compiler
  install_dependencies
  # What a task starts as `node` must be the pinned one, also where this file was started without npm.
  export PATH=$PWD/node_modules/.bin:$PATH
  case $task in
    build) step 'Building'; run scripts/build.ts "$@" ;;
    demo) build; run scripts/demo.ts "$@" ;;
    test) build; run scripts/test.ts "$@" ;;
    test:long) build; run scripts/test.ts --long "$@" ;;
    conformance) build; run scripts/conformance.ts "$@" ;;
    bench) build; run test/bench/main.ts "$@" ;;
    mutation) build; run test/mutation/main.ts "$@" ;;
    api-report) run scripts/api-report.ts ;;
    lint) biome check --error-on-warnings src bin test scripts "$@"; knip --treat-config-hints-as-errors; run scripts/unused-members.ts ;;
    typecheck) exec tsc --noEmit "$@" ;;
    *) fail "There is no task named $task." ;;
  esac
}

require_npm() {
  command -v node >/dev/null && command -v npm >/dev/null || fail \
    'Node.js and npm are missing; any version from 18 on will do to install the one pinned here.' \
    'Debian, Ubuntu: apt-get install nodejs npm   Fedora: dnf install nodejs npm'
}

# The launcher, the engine and the addon are C. Compiling a program shows whether headers and linker are there too.
require_compiler() {
  local compiler=${CC:-cc}
  printf '#include <unistd.h>\nint main(void) { return getpid() == 0; }\n' |
    $compiler -x c -o /dev/null - 2>/dev/null || fail \
    "No working C compiler: '$compiler' is missing, or has no C library headers to compile with." \
    'Debian, Ubuntu: apt-get install gcc libc6-dev binutils   Fedora: dnf install gcc glibc-devel binutils' \
    'A compiler of another name is taken from the environment variable CC.'
  command -v objcopy >/dev/null || fail \
    'objcopy is missing: it puts the image into the executable.' \
    'Debian, Ubuntu: apt-get install binutils   Fedora: dnf install binutils'
}

# Compared by content, not by time: a checkout gives files any time.
install_dependencies() {
  [[ -e $stamp && $(<package-lock.json) == "$(<"$stamp")" ]] && "$node" --version >/dev/null 2>&1 && return
  step 'Installing the dependencies, a pinned Node.js among them (about a minute the first time)'
  use_headers_of_this_machine
  # Not `npm ci`: it would begin by removing what is there.
  npm install --no-save --no-audit --no-fund --loglevel=error >&2
  "$node" --version >/dev/null || fail \
    "The pinned Node.js does not run ($node)." \
    'It comes from the npm package "node", whose install script must be allowed to run (npm config get ignore-scripts).'
  cp package-lock.json "$stamp"
  step "Dependencies installed, Node.js $("$node" --version)"
}

# node-pty is compiled with the headers of Node.js. Without a word from us they are fetched from nodejs.org, although
# packages of Node.js bring them along. It needs make, g++ and python3; without it hostrun gives no terminals.
use_headers_of_this_machine() {
  local prefix
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  [[ -n ${npm_config_nodedir:-} || ! -e $prefix/include/node/node_api.h ]] || export npm_config_nodedir=$prefix
}

build() {
  step 'Building what is out of date'
  "$node" scripts/build.ts
}

run() { exec "$node" "$@"; }

main "$@"
