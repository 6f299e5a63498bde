"""`rft doctor`: what can run here, what cannot, and what to do about it."""

from __future__ import annotations

import platform
import sys

import typer

from rft.cli.app import app, open_project, terminal


@app.command()
def doctor(context: typer.Context) -> None:
    """Say where untrusted code runs: each sandbox tier, why not, what to do, which is in force."""
    from rft.errors import RftError
    from rft.sandbox import self_test, selftest, tiers

    section = open_project(context).settings.sandbox
    console = terminal()
    console.print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    console.print("Sandbox tiers for code that a model wrote, strongest first:")
    for tier in tiers.survey():
        word, style = ("usable", "green") if tier.usable else ("not usable", "yellow")
        told = f"{tier.why}." if tier.usable else f"{tier.why}; to fix it, {tier.remedy}."
        console.print(f"  {tier.name:<10} {word}: {told}", style=style, soft_wrap=True)
    try:
        plan = tiers.choose(section.tier)
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
    if not sys.platform.startswith("linux"):
        console.print(
            "On this system WebAssembly is the only wall (no second lock around its process, no "
            "limit on that process's own memory), and no native tier exists: code that needs "
            "numpy or other native packages is graded on Linux only.",
            style="yellow",
            soft_wrap=True,
        )
