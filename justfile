# What operators type. A host's justfile imports this file, so there is no setting and no helper in it, and the recipes for
# developing Belay are taken in only by a just that was started in the checkout's own top folder.
import? '/proc/self/cwd/scripts/dev/belay.just'

# Release TICKET: prepare, migrate, ticket scripts, verify (--dry-run shows the plan)
[group('release'), positional-arguments, no-exit-message]
release-run *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/run "$@"

# Where a release stands, and what to type next (--json)
[group('release'), positional-arguments, no-exit-message]
release-state *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/state "$@"

# What a release would do; changes nothing (--diff=REF, --incoming=BRANCH)
[group('release'), positional-arguments, no-exit-message]
release-check *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/check "$@"

# Every release of this host
[group('release'), positional-arguments, no-exit-message]
release-list *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/list "$@"

# The log of TICKET (--follow)
[group('release'), positional-arguments, no-exit-message]
release-log *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/log "$@"

# Take what runs now as the baseline (--at=REF, --dry-run)
[group('release'), positional-arguments, no-exit-message]
release-adopt *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/adopt "$@"

# Give up a halted release
[group('release'), positional-arguments, no-exit-message]
release-abandon *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/abandon "$@"

# Call an unverified release released (--reason=...)
[group('release'), positional-arguments, no-exit-message]
release-accept *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/accept "$@"
