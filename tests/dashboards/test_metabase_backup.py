"""Backup and restore of Metabase's metadata, against a PostgreSQL that the tests start."""

import fcntl
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest

from foundation.settings import ROOT

SCRIPT = ROOT / "dashboards" / "metabase" / "metadata.sh"
PASSWORD = "correct-horse-battery"
NOBODY = 65534
TOOLS = ("initdb", "pg_ctl", "psql", "pg_dump", "pg_restore")


def folders_of_postgresql():
    """PATH's folders and Debian's, the newest first, that hold all of PostgreSQL's tools."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(versions, key=lambda folder: -float(folder.parent.name))
    folders = [*newest, *map(Path, os.environ["PATH"].split(os.pathsep))]
    return [
        folder for folder in folders if all(os.access(folder / tool, os.X_OK) for tool in TOOLS)
    ]


def unprivileged():
    """How to call a program as another user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and setpriv is missing: install util-linux")
    # What root preloads, such as another clock, need not be readable to another user.
    preloaded = ["env", "-u", "LD_PRELOAD"]
    return [*preloaded, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.fixture(scope="module")
def server():
    """The environment of libpq for a server of its own: on a socket, with a password."""
    folders = folders_of_postgresql()
    if not folders:
        pytest.skip(
            "no PostgreSQL here, so backups are not tested: install postgresql (the server)"
        )
    # Not pytest's folder: only root may enter it, and the server is another user. Short, because
    # the path of a socket must be.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    password = folder / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, password):
            os.chown(path, NOBODY, NOBODY)
    data, tools, user = folder / "data", folders[0], unprivileged()
    initdb = ["--auth=scram-sha-256", "--username=metabase", f"--pwfile={password}", "--no-sync"]
    run([*user, tools / "initdb", *initdb, "--encoding=UTF8", "--locale=C", "-D", data], folder)
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    control = [*user, tools / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    run([*control, "-o", options, "start"], folder)
    yield {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": str(folder),
        "PGPORT": "5432",
        "PGUSER": "metabase",
        "PGPASSWORD": PASSWORD,
        "LC_ALL": "C",
    }
    run([*control, "-m", "immediate", "stop"], folder)
    shutil.rmtree(folder)


def run(command, folder):
    subprocess.run([str(part) for part in command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def database(server, request, tmp_path):
    """The environment for an empty database of this test, and its folder of backups."""
    name = f"test_{abs(hash(request.node.name))}"
    sql({**server, "PGDATABASE": "postgres"}, f"create database {name}")
    yield {**server, "PGDATABASE": name, "BACKUP_DIR": str(tmp_path / "backups")}
    sql({**server, "PGDATABASE": "postgres"}, f"drop database {name} with (force)")


@pytest.fixture
def metabase(database):
    """A database with something like Metabase's tables in it."""
    sql(
        database,
        """
        create extension if not exists citext;
        create table core_user (id serial primary key, email citext not null unique);
        create table report_dashboard (
            id serial primary key, name text not null, creator_id int references core_user
        );
        insert into core_user (email) values ('ada@example.com'), ('grace@example.com');
        insert into report_dashboard (name, creator_id)
            select 'Kosten – № ' || number, 1 + number % 2 from generate_series(1, 5000) as number;
        create view v_dashboards as select count(*) as dashboards from report_dashboard;
        """,
    )
    return database


def sql(environment, text):
    command = ["psql", "--no-psqlrc", "-qtA", "-v", "ON_ERROR_STOP=1", "-c", text]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def content(environment):
    """Everything that must be the same after a restore."""
    return [
        sql(environment, text)
        for text in (
            "select * from core_user order by id",
            "select * from report_dashboard order by id",
            "select * from v_dashboards",
            "select last_value from core_user_id_seq",
            "select conname, pg_get_constraintdef(oid) from pg_constraint"
            " where connamespace = 'public'::regnamespace order by conname",
            "select tablename from pg_tables where schemaname = 'public' order by tablename",
        )
    ]


def metadata(environment, *arguments):
    command = ["bash", str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def backups(environment):
    """The files that look like a good backup."""
    return sorted(Path(environment["BACKUP_DIR"]).glob("*.dump"))


def left(environment):
    return sorted(path.name for path in Path(environment["BACKUP_DIR"]).iterdir())


def back_up(environment):
    answer = metadata(environment, "backup")
    assert answer.returncode == 0, answer.stderr
    [file] = backups(environment)
    return file


def with_tool(environment, folder, name, text):
    """An environment in which one of PostgreSQL's tools is a script; $REAL is the one it hides."""
    folder.mkdir()
    tool = folder / name
    tool.write_text(f"#!/bin/bash\n{text}\n")
    tool.chmod(0o755)
    return {
        **environment,
        "PATH": f"{folder}{os.pathsep}{environment['PATH']}",
        "REAL": shutil.which(name, path=environment["PATH"]),
    }


def test_a_backup_restored_into_an_empty_database_is_equal(metabase, server):
    file = back_up(metabase)
    before = content(metabase)
    other = {**metabase, "PGDATABASE": f"{metabase['PGDATABASE']}_other"}
    sql(metabase, f"create database {other['PGDATABASE']}")
    try:
        answer = metadata(other, "restore", str(file))
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout == f"restored {file}: 2 tables\n"
        assert content(other) == before
        # As before: the next id is not one that is taken.
        assert sql(other, "insert into core_user (email) values ('z') returning id") == "3"
    finally:
        sql(metabase, f"drop database {other['PGDATABASE']} with (force)")


def test_a_backup_is_a_dated_file_that_only_its_owner_reads(metabase):
    file = back_up(metabase)
    assert re.fullmatch(r"metabase-\d{8}T\d{6}Z\.dump", file.name)
    assert file.stat().st_mode & 0o777 == 0o600
    assert left(metabase) == [file.name]


def test_a_restore_refuses_a_database_that_is_not_empty(metabase):
    file = back_up(metabase)
    sql(metabase, "update core_user set email = 'changed' where id = 1")
    before = content(metabase)
    answer = metadata(metabase, "restore", str(file))
    assert answer.returncode == 1
    assert "is not empty (5 tables, views and sequences): nothing was changed" in answer.stderr
    assert content(metabase) == before


def test_a_forced_restore_removes_what_was_added_after_the_backup(metabase):
    file = back_up(metabase)
    before = content(metabase)
    sql(
        metabase,
        "delete from report_dashboard where id > 10;"
        # What an upgrade adds, and what hangs on tables that the backup knows.
        "create table new_in_this_version (user_id int references core_user)",
    )
    answer = metadata(metabase, "restore", "--force", str(file))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert content(metabase) == before


def test_a_forced_restore_can_be_backed_up_and_restored_again(metabase):
    before = content(metabase)
    for _ in range(2):
        file = back_up(metabase)
        answer = metadata(metabase, "restore", str(file), "--force")
        assert (answer.returncode, answer.stderr) == (0, "")
        file.unlink()
    assert content(metabase) == before


@pytest.mark.parametrize("lost", ["a statement fails", "pg_restore dies"])
def test_a_restore_that_fails_changes_nothing(metabase, tmp_path, lost):
    file = back_up(metabase)
    sql(metabase, "update core_user set email = 'changed' where id = 1")
    before = content(metabase)
    text = {
        "a statement fails": '"$REAL" "$@" | sed "s/^COMMIT;/select 1 \\/ 0; COMMIT;/"',
        "pg_restore dies": '"$REAL" "$@" | head -c 20000; exit 1',
    }[lost]
    # The real one until it is to write statements.
    script = f'[[ "$*" == *--single-transaction* ]] || exec "$REAL" "$@"\n{text}'
    environment = with_tool(metabase, tmp_path / "tools", "pg_restore", script)
    answer = metadata(environment, "restore", "--force", str(file))
    assert answer.returncode == 1
    assert "the restore failed, see above; the database is as it was before" in answer.stderr
    assert content(metabase) == before


def test_a_restore_refuses_while_metabase_is_connected(metabase):
    file = back_up(metabase)
    session = ["psql", "--no-psqlrc", "-c", "select pg_sleep(60)"]
    with subprocess.Popen(session, env=metabase, stdout=subprocess.DEVNULL) as other:
        try:
            connected = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)'"
            deadline = time.monotonic() + 20
            while sql(metabase, connected) != "1" and time.monotonic() < deadline:
                time.sleep(0.1)
            answer = metadata(metabase, "restore", "--force", str(file))
        finally:
            other.terminate()
    assert answer.returncode == 1
    assert "1 others are connected" in answer.stderr
    assert "stop Metabase first" in answer.stderr


def test_a_file_that_was_cut_short_is_not_restored(metabase):
    file = back_up(metabase)
    before = content(metabase)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 3 // 4])
    answer = metadata(metabase, "restore", "--force", str(file))
    assert answer.returncode == 1
    assert f"{file} is not a whole backup; nothing was changed" in answer.stderr
    assert content(metabase) == before


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ('"$REAL" "$@"; exit 1', "pg_dump failed, see above; no backup was written"),
        ("kill -9 $$", "pg_dump failed, see above; no backup was written"),
        # A full disk that nobody reported.
        (
            '"$REAL" "$@"; file="${@: -1}"; truncate -s -2000 "${file#--file=}"',
            "the dump cannot be read back; no backup was written",
        ),
        (
            'file="${@: -1}"; : > "${file#--file=}"',
            "the dump cannot be read back; no backup was written",
        ),
    ],
)
def test_a_dump_that_fails_leaves_nothing(metabase, tmp_path, script, message):
    environment = with_tool(metabase, tmp_path / "tools", "pg_dump", script)
    answer = metadata(environment, "backup")
    assert answer.returncode == 1
    assert message in answer.stderr
    assert left(metabase) == []


def test_a_backup_that_is_killed_leaves_no_file_that_looks_good(metabase, tmp_path):
    # All of it is written, and then the machine goes down.
    script = '"$REAL" "$@"; touch "$BACKUP_DIR/written"; sleep 60'
    environment = with_tool(metabase, tmp_path / "tools", "pg_dump", script)
    command = ["bash", str(SCRIPT), "backup"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 20
        written = Path(metabase["BACKUP_DIR"], "written")
        while not written.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    assert written.exists()
    [partial] = Path(metabase["BACKUP_DIR"]).glob("*.partial.*")
    assert backups(metabase) == []
    # A later backup takes it away, but not what another one may be writing just now.
    back_up(metabase)
    assert partial.exists()
    two_days_ago = time.time() - 2 * 86400
    os.utime(partial, (two_days_ago, two_days_ago))
    backups(metabase)[0].unlink()
    back_up(metabase)
    assert not partial.exists()


def test_a_backup_of_a_database_without_tables_is_refused(database):
    answer = metadata(database, "backup")
    assert answer.returncode == 1
    assert "there are no tables in database" in answer.stderr
    assert left(database) == []


@pytest.mark.parametrize("arguments", [("backup",), ("restore", "FILE", "--force")])
def test_a_wrong_password_is_reported_without_showing_it(metabase, arguments):
    file = back_up(metabase)
    wrong = {**metabase, "PGPASSWORD": "wrong-horse-battery"}
    arguments = [str(file) if argument == "FILE" else argument for argument in arguments]
    answer = metadata(wrong, *arguments)
    assert answer.returncode == 1
    assert 'password authentication failed for user "metabase"' in answer.stderr
    assert "see above" in answer.stderr
    assert "horse" not in answer.stdout + answer.stderr
    assert backups(metabase) == [file]


def test_no_password_is_not_asked_for(metabase):
    # Before a terminal, where a question would wait for ever: nobody sits there at night.
    without = {name: value for name, value in metabase.items() if name != "PGPASSWORD"}
    ours, theirs = pty.openpty()
    answer = subprocess.run(
        ["bash", str(SCRIPT), "backup"],
        env={**without, "PGPASSFILE": "/dev/null"},
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
    )
    os.close(ours)
    os.close(theirs)
    assert answer.returncode == 1
    assert "no password supplied" in answer.stderr


def test_the_password_may_be_in_a_file(metabase, tmp_path):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:metabase:{PASSWORD}\n")
    file.chmod(0o600)
    without = {name: value for name, value in metabase.items() if name != "PGPASSWORD"}
    back_up({**without, "PGPASSFILE": str(file)})


def test_the_newest_backups_are_kept_and_nothing_else_is_touched(metabase):
    folder = Path(metabase["BACKUP_DIR"])
    folder.mkdir()
    for day in range(1, 6):
        (folder / f"metabase-2026010{day}T000000Z.dump").write_text("old")
    for name in ("metabase-before-upgrade.dump", "other.dump", "notes.txt"):
        (folder / name).write_text("mine")
    answer = metadata({**metabase, "BACKUP_KEEP": "3"}, "backup")
    assert answer.returncode == 0, answer.stderr
    dated = [name for name in left(metabase) if name.startswith("metabase-2")]
    assert dated[:2] == ["metabase-20260104T000000Z.dump", "metabase-20260105T000000Z.dump"]
    assert len(dated) == 3
    others = {"metabase-before-upgrade.dump", "other.dump", "notes.txt"}
    assert {*left(metabase)} - {*dated} == others


def test_a_failed_backup_removes_no_older_one(metabase, tmp_path):
    folder = Path(metabase["BACKUP_DIR"])
    folder.mkdir()
    for day in range(1, 4):
        (folder / f"metabase-2026010{day}T000000Z.dump").write_text("old")
    environment = with_tool(metabase, tmp_path / "tools", "pg_dump", "exit 1")
    assert metadata({**environment, "BACKUP_KEEP": "1"}, "backup").returncode == 1
    assert len(backups(metabase)) == 3


@pytest.mark.parametrize("keep", ["0", "-1", "all", "1; true"])
def test_keeping_no_backups_is_refused(metabase, keep):
    answer = metadata({**metabase, "BACKUP_KEEP": keep}, "backup")
    assert answer.returncode == 1
    assert "BACKUP_KEEP must be a number from 1" in answer.stderr


def test_a_missing_database_name_is_an_error_and_not_guessed(metabase):
    answer = metadata({**metabase, "PGDATABASE": ""}, "backup")
    assert answer.returncode == 1
    assert "PGDATABASE is not set" in answer.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("back-up",), ("backup", "file"), ("restore",), ("restore", "a", "b")]
)
def test_wrong_usage_prints_the_usage(arguments):
    answer = metadata({"PATH": os.environ["PATH"]}, *arguments)
    assert answer.returncode == 2
    assert answer.stderr.startswith("usage: ")
