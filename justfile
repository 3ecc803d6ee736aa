# What operators type. A host's justfile imports this file, so there is no setting and no helper in it, and the recipes for
# developing Belay are taken in only by a just that was started in the checkout's own top folder.
import? '/proc/self/cwd/scripts/dev/belay.just'

# Release TICKET: prepare, migrate, ticket scripts, verify (--dry-run shows the plan)
[group('release'), positional-arguments, no-exit-message]
release-run *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/run "$@"

# Put data, images, code and configuration back to before TICKET (--skip-git, --skip-data, --accept-loss, --dry-run)
[group('release'), positional-arguments, no-exit-message]
release-revert *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/revert "$@"

# Stop what runs for TICKET at its next safe point, and prove that nothing is left of it
[group('release'), positional-arguments, no-exit-message]
release-stop *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/stop "$@"

# A verified release stays (--no: it goes back now)
[group('release'), positional-arguments, no-exit-message]
release-confirm *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/confirm "$@"

# More time before TICKET goes back: release-extend TICKET 5m
[group('release'), positional-arguments, no-exit-message]
release-extend *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/extend "$@"

# Put back what was not confirmed in time; at boot, and by hand
[group('release'), positional-arguments, no-exit-message]
release-sweep *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/sweep "$@"

# Have the watchdogs of waiting releases started at boot (--uninstall)
[group('release'), positional-arguments, no-exit-message]
guard-install *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/guard-install "$@"

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

# A page on TICKET for the talk afterwards: what failed, who did what, its timeline
[group('release'), positional-arguments, no-exit-message]
release-report *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/report "$@"

# Make what this repository needs to be released from, where it is missing (--dry-run)
[group('adopt'), positional-arguments, no-exit-message]
belay-init *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/belay-init "$@"

# Take what runs now as the baseline (--draft, --with-secrets, --dry-run, --at=REF, --no-backup)
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

# Back to the branch of this host after a hotfix that was merged
[group('release'), positional-arguments, no-exit-message]
release-return-to-main *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/return-to-main "$@"

# Back up services now (default: all of them)
[group('backup'), positional-arguments, no-exit-message]
release-backup *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/backup "$@"

# The backups of this host, and who needs them
[group('backup'), positional-arguments, no-exit-message]
release-backups *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/backups "$@"

# Read backups back again (SERVICE, STAMP, --all)
[group('backup'), positional-arguments, no-exit-message]
release-backup-verify *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/backup-verify "$@"

# Remove backups by retention (--dry-run, --hold=SERVICE/STAMP --reason=...)
[group('backup'), positional-arguments, no-exit-message]
release-backup-prune *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/backup-prune "$@"

# Put SERVICE's data back to the backup STAMP (--dry-run, --undo)
[group('backup'), positional-arguments, no-exit-message]
release-restore *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/restore "$@"

# Is this host ready for a release? (--fix, --run=TICKET, --json, SERVICE...)
[group('doctor'), positional-arguments, no-exit-message]
doctor *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/doctor "$@"

# Known failures, and what mends them (ID, --json)
[group('doctor'), positional-arguments, no-exit-message]
playbook *args:
    @exec {{ quote(source_directory()) }}/scripts/launch release/playbook "$@"
