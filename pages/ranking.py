"""Architecture ranking (MbML-NAS): rank a space from a few trained architectures, and say how far to believe it."""

from dataclasses import replace

import streamlit as st

from activedints.loop import rankings
from activedints.ui import frame, jobs
from activedints.ui import ranking_study as study
from activedints.ui import ranking_view as live
from activedints.ui.here import Here, guarded
from activedints.ui.ranking_controls import controls, tables_form
from activedints.ui.ranking_dints import measured
from activedints.ui.ranking_untrained import untrained

PREDICTED, COST, BEST, WORST, NEXT = "Predicted and measured", "Accuracy and cost", "Best", "Most wrong", "Train next"
WHY, SEEDS, UNTRAINED = "Why", "Over seeds", "Untrained (NASWOT)"
TABS = (PREDICTED, COST, BEST, WORST, NEXT, WHY, SEEDS, UNTRAINED)
FIRST = "Fitting and ranking. The first question about a benchmark reads its table, which takes up to 10 s."


@guarded
def explore(here: Here) -> None:
    """Controls and the ranking they ask for: a change redraws this part alone, and of the tabs the open one."""
    options, settings = controls(here)
    head = st.container()
    tabs = dict(zip(TABS, st.tabs(TABS, key="tab", on_change="rerun", bind="query-params")))
    chosen = next((name for name, tab in tabs.items() if tab.open), PREDICTED)
    with tabs[chosen]:
        if chosen == COST:
            settings = replace(settings, cost=live.cost_choice(options))
        with head, st.spinner(FIRST):
            view = rankings.rerank(here.store, settings)
            live.headline(view)
        if chosen == PREDICTED:
            live.prediction(view)
        elif chosen == COST:
            live.cost(view, settings.cost)
        elif chosen == BEST:
            live.best(here, view, settings)
        elif chosen == WORST:
            live.worst(view)
        elif chosen == NEXT:
            live.proposals(here, settings)
            study.searched(rankings.newest_study(here.store))
        elif chosen == UNTRAINED:
            untrained(view)
        elif chosen == WHY:
            study.why(rankings.newest_study(here.store))
        else:
            study.over_seeds(rankings.newest_study(here.store))
    study.study_form(here, options, settings)


with frame.page("Architecture ranking", needs="nothing") as here:
    st.markdown(
        "Train a few architectures, predict all others from what their cells look like: which to train next, how far "
        "to believe it, and why (MbML-NAS, Pereira et al. 2023)."
    )
    job, stopped = rankings.study_at_work(here.store), rankings.stopped_study(here.store)
    if job is not None:
        jobs.watch(here, job.id, curves=False)
    elif stopped is not None:
        jobs.show_failure(here, stopped)
    if here.standing.device is None:
        st.info(
            f"No worker is running, so nothing can be ranked: start one with {here.start_worker}.",
            icon=":material/inbox:",
        )
    else:
        st.fragment(explore)(here)
    st.subheader("Our own DiNTS space", anchor=False)
    measured(here)
    tables_form(here)
