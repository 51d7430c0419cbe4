"""Who reads: the person who signed in, or a name given in this session."""

import streamlit as st

from activedints.ui import server


def reader() -> str:
    """Who reads: the person who signed in, where sign-in is configured; else the name given in this session, which
    the address carries, so that a reload does not ask again. '' while nobody said."""
    if server.sign_in_configured():
        return _signed_in()
    if "reader" not in st.session_state and st.query_params.get("reader"):
        st.session_state["reader"] = st.query_params["reader"]
    name = str(st.session_state.get("reader", "")).strip()
    if name and st.query_params.get("reader") != name:
        st.query_params["reader"] = name
    return name


def _signed_in() -> str:
    if not st.user.is_logged_in:
        st.title("Active-DiNTS", anchor=False)
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
    return str(st.user.get("name") or st.user.get("email") or "")


def ask_name(button: str) -> None:
    """A form that takes the reader's name."""
    with st.form("reader form", border=False, clear_on_submit=True):
        name = st.text_input("Your name", placeholder="As it shall stand in every annotation", max_chars=60)
        if st.form_submit_button(button, type="primary") and name.strip():
            st.session_state["reader"] = name.strip()
            st.rerun()
