"""The deployed test: template.yaml's stack on a local AWS, the real functions in it.

1. docs/deploy.md is followed, command by command, to the first confirmed parcel and on to the removal (guide.py).
2. In a second stack the demo's stories are played, then troubles (stories.py, troubles.py).
3. What the functions asked for is compared with what their roles grant (recorder.py, privileges.py), and their logs are
   read (logs.py).

Everything lives in a folder of its own and below 127.0.0.1; what it starts ends with it, even if it is killed.
Usage: deployed --sam PROGRAM --aws PROGRAM --target FOLDER [--profile release|debug]   (FOLDER: cargo's target directory)
"""

import argparse
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile

import logs
import privileges
import stories
import troubles
from guide import Guide
from local_aws import ROOT, SENDER, Failed, LocalAws, Stack, adopt_orphans, die_with_parent, timed
from recorder import Recorder
from stand_ins import StandIns


class Tools:
    """The programs that a person has at hand."""

    def __init__(self, folder, arguments):
        self.folder, self.sam = folder, arguments.sam.absolute()
        programs = arguments.target.absolute() / arguments.profile
        self.parcelwire = programs / "parcelwire"
        links = folder / "bin"
        links.mkdir()
        (links / "sam").symlink_to(self.sam)
        # Version 1 of the AWS CLI sends SQS's calls to an old name of AWS's, whatever AWS_ENDPOINT_URL says.
        script = f'#!/bin/sh\nexec {arguments.aws.absolute()} --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n'
        (links / "aws").write_text(script)
        (links / "aws").chmod(0o755)
        # What of the guide's building is given otherwise here: where cargo builds to, and, in a development build, that
        # everything is there already.
        self.build_instead = {"$PWD/target/release": str(programs), '"target/release/': f'"{programs}/'}
        if arguments.profile == "debug":
            functions = '$(for f in functions/*/; do echo "-p $(basename "$f")"; done)'
            # With the tests' features: the same programs as theirs, so nothing is compiled again.
            self.build_instead[f"cargo build --release {functions} -p parcelwire"] = "cargo build --workspace --bins --tests"


def main():
    die_with_parent()
    adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    parser.add_argument("--sam", required=True, type=pathlib.Path)
    parser.add_argument("--aws", required=True, type=pathlib.Path)
    parser.add_argument("--target", required=True, type=pathlib.Path)
    parser.add_argument("--profile", default="release", choices=("release", "debug"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parcelwire-deployed-") as name:
        folder = pathlib.Path(name)
        recorder = Recorder()
        aws = LocalAws(folder, recorder)
        try:
            play(aws, recorder, Tools(folder, arguments))
        except BaseException as error:
            print(f"ministack's last words:\n{aws.tail()}", file=sys.stderr)
            with contextlib.suppress(Exception):
                print(f"queued: {aws.queued()}\nthe functions' last words:\n{aws.functions_said()}", file=sys.stderr)
            if isinstance(error, Failed):
                print(f"FAILED: {error}", file=sys.stderr)
                return 1
            raise
        finally:
            aws.stop()
            recorder.stop()
    return 0


def play(aws, recorder, tools):
    times = []
    with timed("start the local AWS", times):
        aws.wait()
    with timed("follow docs/deploy.md", times):
        with_stand_ins = StandIns(aws, tools.parcelwire)
        given = Guide(aws, tools, with_stand_ins).follow()
        with_stand_ins.stop()
    aws.client("ses").verify_email_identity(EmailAddress=SENDER)
    stack = Stack(aws, "stories", tools.sam, tools.parcelwire)
    with timed("deploy with wrong input, and a stack that is half created", times):
        file = tools.folder / "nothing.toml"
        troubles.write(file, troubles.settings("http://127.0.0.1:9", [SENDER]))
        troubles.wrong_input(aws, stack, file)
    with timed("create the stack of the stories", times):
        stack.deploy(AllowBaseUrls="true")
        stack.help_ministack_along(stories.VISIBILITY)
        stories.alarms_are_there(aws, stack)
    schedules = stories.Schedules(aws, stack)
    schedules.start()
    with timed("play the stories", times):
        played = stories.play(aws, stack)
        mails = stories.mailbox_is_as_told(aws)
        stories.commands_work_on_the_stack(stack)
        stories.no_dead_letters(stack)
    with timed("play the troubles", times):
        stand_ins = StandIns(aws, tools.parcelwire)
        survived = troubles.Troubles(aws, stack, stand_ins, recorder, tools.folder).play()
        schedules.stop()
        stand_ins.stop()
    with timed("compare what was used with what is granted", times):
        stories.nothing_was_denied(aws)
        schedules.check()
        privileges.compare(aws, stack, recorder)
        kms = stories.few_kms_calls(aws, stack, recorder)
    with timed("read what was logged", times):
        logged = logs.are_as_promised(aws, stack, troubles.SECRETS)
        traces = logs.traces_lead_on(aws, stack)
        logs.confirmations_are_named(aws, stack)
    for what, took in times:
        print(f"{took:6.1f} s  {what}")
    print(
        f"{given} commands of the guide given; {played} stories and {survived} troubles ran deployed; {mails} mails, "
        f"{schedules.calls} scheduled calls, {kms} calls of KMS, {logged} lines of logs, {traces} traces followed, queues empty"
    )


if __name__ == "__main__":
    shutil.rmtree(ROOT / "target" / "lambda", ignore_errors=True)
    sys.exit(main())
