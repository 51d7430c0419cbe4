"""Every screen in its four states, as the real scripts write them."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from activedints.core.errors import IllegalChange
from activedints.loop import intake, reading, running, views, worklist
from activedints.store import jobs
from activedints.store.database import Store
from activedints.store.schema import WorkerRow
from activedints.ui.menu import GROUPS, ROOT
from tests.ui import workspaces
from tests.ui.conftest import Open

PAGES = [
    screen.script.removeprefix("pages/").removesuffix(".py")
    for name, group in GROUPS.items()
    for screen in group
    if screen.script != "app.py" and name != "Studies"  # their states are of studies: see their own tests
]
PRESENT = [page for page in PAGES if (ROOT / "pages" / f"{page}.py").is_file()]


def words(app: AppTest) -> str:
    """All that a screen says, without the menu."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "success", "warning", "error")
    said = [element.value for kind in kinds for element in getattr(app.main, kind)]
    return "\n".join(said + [f"{m.label}: {m.value}" for m in app.metric] + [b.label for b in app.button])


@pytest.mark.parametrize("page", ["", *PRESENT])
@pytest.mark.parametrize("name", ["empty", "ready", "working", "failed"])
def test_every_screen_has_every_state(page: str, name: str, state: Callable[[str], Store], open_page: Open) -> None:
    app = open_page(state(name), page, reader="Ada")
    assert not app.exception
    said = words(app)
    if name == "empty":
        assert "empty" in said or "no case yet" in said or "No job was asked" in said
    else:
        assert not app.error
        assert "simulated" in said or page == "annotate"
    if name == "working":
        assert "Training" in said
        assert [bar.proto.value for bar in app.get("progress")] == [40]
    if name == "failed":
        assert "The memory did not suffice" in said


def test_home_leads_from_nothing_to_annotating(empty: Store, ready: Store, open_page: Open) -> None:
    app = open_page(empty)
    assert [b.label for b in app.main.button] == ["Add cases"]
    assert "three steps" in app.expander[0].label
    app = open_page(ready)
    assert "1 case waits for a reader." in words(app)
    assert [b.label for b in app.main.button] == ["Annotate the next case", "Simulated reader"]
    assert [(m.label, m.value) for m in app.metric][:4] == [
        ("Labelled", "4"),
        ("Pool", "1"),
        ("Calibration", "1"),
        ("Holdout", "2"),
    ]
    assert app.metric[4].label == "Dice, any foreground (n = 2)"


def test_the_simulated_reader_answers_and_the_sentence_is_shown(ready: Store, open_page: Open) -> None:
    app = open_page(ready)
    next(b for b in app.button if b.label == "Simulated reader").click().run()
    assert not app.exception
    assert app.success[0].value == "The simulated reader annotated 1 case(s). Training is queued."
    assert workspaces.unfinished_job(ready).kind == "train"


def test_no_number_before_the_holdout_is_read(tmp_path, open_page: Open) -> None:
    store = workspaces.filled(tmp_path, fixed="none")
    home = open_page(store)
    assert home.metric[4].value == "no holdout yet"
    assert "3 of them for holdout and calibration" in words(home)
    assert "No holdout yet: 2 of 2 holdout cases wait for a reader." in words(open_page(store, "progress"))
    queue = worklist.worklist(store, "Ada")
    assert [item.role for item in queue[:3]] == ["holdout", "holdout", "calibration"]
    assert not any(item.has_draft for item in queue[:3])


def test_failed_job_is_resumed_from_home(failed: Store, open_page: Open) -> None:
    app = open_page(failed)
    assert app.main.button[0].label == "Resume it"
    app.main.button[0].click().run()
    assert running.current_job(failed) is not None
    assert "is queued again" in app.success[0].value
    assert "No worker is running" in words(app)


@pytest.mark.parametrize("page", ["", "cycle", "jobs"])
def test_a_job_whose_worker_was_killed_says_so_and_its_clock_stands(
    answered: Store, open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    workspaces.start_job(answered)
    assert "Stopped: the worker is gone" not in words(open_page(answered, page))
    monkeypatch.setattr(jobs, "ALIVE_SECONDS", 10.0)
    with answered.write() as session:
        job = jobs.get(session, 1)
        job.started_at = "2026-01-01T00:00:00.000+00:00"
        job.heartbeat = session.get_one(WorkerRow, 1).heartbeat = 1767225640.0  # forty seconds later
    app = open_page(answered, page)
    assert "Stopped: the worker is gone; it goes on when one is started" in words(app)
    assert "ran for 40 s, until" in words(app)
    assert running.progress(answered, 1, []).seconds == 40


def test_cancel_stops_a_queued_job_and_refuses_a_second_time(answered: Store, open_page: Open) -> None:
    app = open_page(answered, "jobs")
    next(b for b in app.button if b.label == "Cancel").click().run()
    assert "is cancelled; it can be resumed" in app.success[0].value
    assert views.job_table(answered)[0]["status"] == "cancelled"
    with pytest.raises(IllegalChange, match="is cancelled already"):
        running.cancel(answered, 1)


def test_a_refused_command_is_one_sentence(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "data")
    app.text_input[0].input("/nowhere/at/all")
    next(b for b in app.button if b.label == "Import").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert "at/all does not exist" in app.error[0].value


def test_simulating_queues_one_job(empty: Store, open_page: Open) -> None:
    app = open_page(empty, "data")
    next(b for b in app.button if b.label == "Simulate").click().run()
    job = workspaces.unfinished_job(empty)
    assert (job.kind, job.arguments) == ("simulate", {"cases": 24, "seed": 0, "holdout": "4", "calibration": "4"})


def test_a_new_experiment_starts_at_cycle_0_and_can_be_left_again(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "cycle")
    app.text_input[0].input("by chance")
    next(s for s in app.main.selectbox if s.label == "Strategy").select("random")
    next(b for b in app.button if b.label.startswith("Found it")).click().run()
    assert not app.exception
    assert "'by chance' is active" in app.success[0].value
    assert views.home(ready).cycle == 0
    assert views.home(ready).strategy == "random"
    next(s for s in app.sidebar.selectbox if s.label == "Experiment").select("default").run()
    assert views.home(ready).experiment == "default"


def test_a_link_of_another_experiment_offers_the_switch(ready: Store, open_page: Open) -> None:
    intake.found_experiment(ready, "other", {})
    app = open_page(ready, "worklist", experiment="default")
    assert app.sidebar.warning[0].value == "This link was made in experiment 'default'."
    next(b for b in app.sidebar.button if b.label == "Switch to 'default'").click().run()
    assert views.home(ready).experiment == "default"
    assert not app.sidebar.warning
    assert app.query_params["experiment"] == "default"


def test_a_link_opens_the_cycle_that_it_names(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "progress", cycle="0")
    assert next(s for s in app.main.selectbox if s.label == "Scored after cycle").value == 0
    assert "Spread of the Score over 3 cases of the pool" in words(app)


def test_a_reader_must_say_who_reads(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "annotate")
    assert [s.value for s in app.subheader] == ["Who is reading?"]
    app.main.text_input[0].input("Ada")
    next(b for b in app.main.button if b.label == "Start reading").click().run()
    assert not app.exception
    assert app.query_params["reader"] == "Ada"
    assert app.query_params["case"] == str(worklist.next_case(ready, "Ada"))


def test_a_case_open_at_another_reader_is_refused_in_words(ready: Store, open_page: Open) -> None:
    case = worklist.next_case(ready, "Ada")
    reading.open_case(ready, case, "Grace")
    app = open_page(ready, "annotate", reader="Ada", case=str(case))
    assert "open at Grace" in app.error[0].value
    assert "open at Grace" in "".join(b.proto.body for b in open_page(ready, "worklist", reader="Ada").main.markdown)


def test_leaving_the_annotate_page_closes_the_case_for_others(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "annotate", reader="Ada")
    assert worklist.next_case(ready, "Grace") is None
    app.switch_page("pages/worklist.py").run()
    assert not app.exception
    assert worklist.next_case(ready, "Grace") is not None


@pytest.mark.parametrize("asked", ["999", "abc", "-1"])
def test_an_address_without_such_a_case_is_refused_in_words(asked: str, ready: Store, open_page: Open) -> None:
    app = open_page(ready, "annotate", reader="Ada", case=asked)
    assert not app.exception
    assert asked in app.error[0].value


def test_the_worklist_says_why(ready: Store, open_page: Open) -> None:
    said = words(open_page(ready, "worklist", reader="Ada"))
    assert "1st of 1" in said
    assert "is unsure" in said


def test_progress_draws_curves_and_hands_out_csv(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "progress", reader="Ada")
    assert len(app.get("plotly_chart")) == 5
    assert "Cases behind the last point: any foreground 2, edema 2, core 2." in words(app)
    assert len(app.get("download_button")) == 1
    app.session_state["tables"] = True
    app.run()
    assert not app.exception
    assert len(app.get("download_button")) == 8


def test_progress_shows_the_time_of_people_only(ready: Store, open_page: Open) -> None:
    case = worklist.next_case(ready, "Ada")
    voxels = np.zeros(workspaces.SHAPE, np.uint8)
    reading.submit_annotation(ready, reading.Submission(case, "Ada", voxels, seconds=90.0))
    app = open_page(ready, "progress", reader="Ada")
    assert "Active time of a person on 1 annotation; imports and simulations left out." in words(app)


def test_what_only_a_colleague_still_has_open_is_not_called_read(ready: Store, open_page: Open) -> None:
    first, *others = worklist.worklist(ready, "Ada")
    reading.open_case(ready, first.case_id, "Grace")
    for item in others:
        reading.set_aside(ready, item.case_id, "Ada", "skip", "later")
    for page in ("worklist", "annotate"):
        said = words(open_page(ready, page, reader="Ada"))
        assert f"{first.name} is open at Grace; every other case of this query is read or set aside." in said
        assert "Every case" not in said
    links = [link.proto.query_string for link in open_page(ready, "worklist", reader="Ada").main.get("page_link")]
    assert len(links) == len(others)
    assert f"case={first.case_id}&reader=Ada" not in links
    reading.close_case(ready, first.case_id, "Grace")
    assert worklist.why_none_waits(others) == "Every case of this query is read or set aside."
