"""Refuses answers that make no working project, for flows that did not check them (--replay)."""

import json
import sys

TEMPLATE_ROOT: str = {{template_root | literal}}  # type: ignore  # noqa: F821
ANSWERS: str = {{cookiecutter | jsonify | literal}}  # type: ignore  # noqa: F821


def main() -> int:
    sys.dont_write_bytecode = True
    sys.path.insert(0, TEMPLATE_ROOT)
    from rft_template import refusal

    sentence = refusal(json.loads(ANSWERS))
    if sentence:
        print(sentence, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
