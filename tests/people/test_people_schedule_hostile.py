"""Whatever is asked of the commands on schedules: an answer in JSON or a refusal in words, and no limit gets wider by a refusal."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.clock_trust import ClockSigns
from edge_face.build_date import BUILD_DATE
from edge_face.errors import EdgeFaceError
from edge_face.people import Consent, Given, Store
from edge_face.people.access_records import rights_from_store
from edge_face.people.schedule_commands import _COMMANDS, ScheduleCommands

NOW = BUILD_DATE + 1e7
WORDS = ["Ben", "office", "staff", "guest", "Mo-Fr 08:00-18:00", "always", "2027-03-01", "until", NOW, 1]
plain = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(WORDS)),
                     lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
                         st.one_of(st.sampled_from(["schedules", "groups", "since", "until"]), st.text(max_size=4)), inner, max_size=3)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    with Store(folder / "store") as made:
        made.add("Ben", Consent(Given(NOW, "test"), None), wall=NOW)
        yield made


@settings(max_examples=150, deadline=None)
@given(command=st.sampled_from(sorted(_COMMANDS)), data=st.data())
def test_any_arguments(store: Store, command: str, data: st.DataObject) -> None:
    commands = ScheduleCommands(store, zone="UTC", wall=lambda: NOW, monotonic=lambda: 5.0, signs=ClockSigns, boot=lambda: "boot")
    parameters = inspect.signature(getattr(commands, _COMMANDS[command])).parameters
    arguments: dict[str, Any] = {name: data.draw(plain, name) for name, parameter in parameters.items()
                                 if parameter.default is inspect.Parameter.empty or data.draw(st.booleans())}
    before = rights_from_store(store, "UTC")
    try:
        answer = commands.run(command, arguments)
    except EdgeFaceError as error:
        assert str(error) and "\n" not in str(error)
        assert rights_from_store(store, "UTC") == before
    else:
        json.dumps(answer, allow_nan=False)
        troubles: list[EdgeFaceError] = []
        rights_from_store(store, "UTC", lambda who, error: troubles.append(error))
        assert troubles == []
