"""`rft doctor`: what can run here, what cannot, and what to do about it."""

from __future__ import annotations

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def doctor(context: typer.Context) -> None:
    """Say what works here: disk, endpoint, judge, sandbox."""
    from rft.errors import RftError
    from rft.project.diagnosis import platform_note
    from rft.sandbox import self_test, selftest, tiers

    project, console = open_project(context), terminal()
    section, sound = project.settings.sandbox, True
    for diagnosis in project.diagnose():
        sound &= diagnosis.ok
        style = "green" if diagnosis.ok else "red"
        console.print(str(diagnosis), style=style, soft_wrap=True)
    console.print("Sandbox tiers for code that a model wrote, strongest first:")
    for tier in tiers.survey():
        word, style = ("available", "green") if tier.usable else ("not available", "yellow")
        reason = f"{tier.why}." if tier.usable else f"{tier.why}; {tier.remedy}."
        console.print(f"  {tier.name:<10} {word}: {reason}", style=style, soft_wrap=True)
    try:
        plan = tiers.choose(section.tier)
        console.print(f"Testing {plan.name} with attacks ...")
        faults, seconds = self_test(plan.name)
    except RftError as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if faults:
        console.print(f"In force: none; {plan.name} failed its self-test:", style="red")
        for fault in faults:
            console.print(f"  {fault}", style="red", soft_wrap=True)
        raise typer.Exit(1)
    count = len(selftest.CONTROLS) + len(selftest.ATTACKS)
    locked = plan.guest is not None and tiers.locks()
    name = f"{plan.name}, its processes locked by Landlock and seccomp" if locked else plan.name
    console.print(
        f'In force (tier = "{section.tier}"): {name}. Self-test: {count} of {count} in '
        f"{seconds:.1f} s.",
        style="green",
        soft_wrap=True,
    )
    console.print(
        f"Limits of one grading: {section.fuel:,} instructions per test, {section.timeout_s:g} s, "
        f"{section.memory_mb} MB, no files, no network, no processes, no environment.",
        soft_wrap=True,
    )
    if note := platform_note():
        console.print(note, style="yellow", soft_wrap=True)
    if not sound:
        raise typer.Exit(1)
