"""The pages of the window in the order of the navigation; each is imported at its first visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarity_desktop.domain.users import Right
from clarity_desktop.ui.pages.page import Page

__all__ = ["PAGES", "PageEntry", "entry"]


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page as the navigation knows it before it is imported."""

    id: str
    title: str
    icon: str
    group: str
    """``patients``, ``patient``, ``cloud`` or ``workstation``."""
    load: Callable[[], type[Page]]
    rights: tuple[Right, ...] = ()
    """Of which one is enough to open it; empty for everybody."""

    @property
    def needs_patient(self) -> bool:
        """Whether the page shows one person."""
        return self.group == "patient"


def _patients() -> type[Page]:
    from clarity_desktop.ui.pages.patients import PatientsPage

    return PatientsPage


def _overview() -> type[Page]:
    from clarity_desktop.ui.pages.overview import OverviewPage

    return OverviewPage


def _sleep() -> type[Page]:
    from clarity_desktop.ui.pages.sleep import SleepPage

    return SleepPage


def _circadian() -> type[Page]:
    from clarity_desktop.ui.pages.circadian import CircadianPage

    return CircadianPage


def _trends() -> type[Page]:
    from clarity_desktop.ui.pages.trends import TrendsPage

    return TrendsPage


def _timeline() -> type[Page]:
    from clarity_desktop.ui.pages.timeline import TimelinePage

    return TimelinePage


def _imports() -> type[Page]:
    from clarity_desktop.ui.pages.imports import ImportPage

    return ImportPage


def _compare() -> type[Page]:
    from clarity_desktop.ui.pages.compare import ComparePage

    return ComparePage


def _diary() -> type[Page]:
    from clarity_desktop.ui.pages.diary import DiaryPage

    return DiaryPage


def _jobs() -> type[Page]:
    from clarity_desktop.ui.pages.jobs import JobsPage

    return JobsPage


def _security() -> type[Page]:
    from clarity_desktop.ui.pages.security.state import SecurityPage

    return SecurityPage


def _people() -> type[Page]:
    from clarity_desktop.ui.pages.security.people import PeoplePage

    return PeoplePage


def _keys() -> type[Page]:
    from clarity_desktop.ui.pages.security.keys import KeysPage

    return KeysPage


def _audit() -> type[Page]:
    from clarity_desktop.ui.pages.security.audit import AuditPage

    return AuditPage


def _backups() -> type[Page]:
    from clarity_desktop.ui.pages.security.backups import BackupsPage

    return BackupsPage


def _retention() -> type[Page]:
    from clarity_desktop.ui.pages.security.retention import RetentionPage

    return RetentionPage


def _consent() -> type[Page]:
    from clarity_desktop.ui.pages.security.consent import ConsentPage

    return ConsentPage


def _settings() -> type[Page]:
    from clarity_desktop.ui.pages.security.settings import SettingsPage

    return SettingsPage


def _pat() -> type[Page]:
    from clarity_desktop.ui.pages.pat.page import PatPage

    return PatPage


def _sync() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.sync import SyncPage

    return SyncPage


def _conflicts() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.conflicts import ConflictsPage

    return ConflictsPage


def _account() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.account import AccountPage

    return AccountPage


def _server() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.server import ServerPage

    return ServerPage


def _live() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.live import LivePage

    return LivePage


def _server_check() -> type[Page]:
    from clarity_desktop.ui.pages.cloud.server_check import ServerCheckPage

    return ServerCheckPage


def _diagnostics() -> type[Page]:
    from clarity_desktop.ui.pages.diagnostics.page import DiagnosticsPage

    return DiagnosticsPage


def _insights() -> type[Page]:
    from clarity_desktop.ui.pages.insights.page import InsightsPage

    return InsightsPage


def _summary() -> type[Page]:
    from clarity_desktop.ui.pages.clinic.summary import SummaryPage

    return SummaryPage


_DATA = (Right.READ_DATA,)
PAGES = (
    PageEntry("patients", "Patients", "users", "patients", _patients, _DATA),
    PageEntry("overview", "Overview", "layout-dashboard", "patient", _overview, _DATA),
    PageEntry("summary", "Summary", "file-text", "patient", _summary, _DATA),
    PageEntry("sleep", "Sleep", "moon", "patient", _sleep, _DATA),
    PageEntry("circadian", "Circadian", "orbit", "patient", _circadian, _DATA),
    PageEntry("pat", "PAT", "scan-eye", "patient", _pat, _DATA),
    PageEntry("insights", "Insights", "message-square-quote", "patient", _insights, _DATA),
    PageEntry("trends", "Trends", "chart-line", "patient", _trends, _DATA),
    PageEntry("timeline", "Timeline", "activity", "patient", _timeline, _DATA),
    PageEntry("compare", "Compare", "columns-3", "patient", _compare, _DATA),
    PageEntry("diary", "Diary", "calendar-days", "patient", _diary, _DATA),
    PageEntry("consent", "Consent", "stethoscope", "patient", _consent, (Right.SEE_IDENTITY,)),
    PageEntry("sync", "Sync", "refresh-cw", "cloud", _sync, _DATA),
    PageEntry("conflicts", "Conflicts", "layers", "cloud", _conflicts, (Right.SEE_IDENTITY,)),
    PageEntry("account", "Account", "user", "cloud", _account, (Right.OWN_ACCESS,)),
    PageEntry("server", "Server", "cloud", "cloud", _server, (Right.SEND_INSIGHT, Right.SET_POLICY)),
    PageEntry("live", "Live channel", "radio", "cloud", _live, (Right.SEND_INSIGHT,)),
    PageEntry("server-check", "Server check", "scan-line", "cloud", _server_check, (Right.OWN_ACCESS,)),
    PageEntry("import", "Import", "import", "workstation", _imports, _DATA),
    PageEntry("jobs", "Jobs", "hourglass", "workstation", _jobs),
    PageEntry("security", "Security", "shield-check", "workstation", _security, (Right.OWN_ACCESS,)),
    PageEntry("people", "People", "user-round", "workstation", _people, (Right.MANAGE_PEOPLE,)),
    PageEntry("keys", "Key slots", "key-round", "workstation", _keys, (Right.OWN_ACCESS,)),
    PageEntry("audit", "Audit", "list", "workstation", _audit, (Right.READ_OWN_AUDIT, Right.READ_ALL_AUDIT)),
    PageEntry("backups", "Backups", "hard-drive", "workstation", _backups, (Right.OWN_ACCESS,)),
    PageEntry(
        "retention", "Retention", "trash-2", "workstation", _retention, (Right.MANAGE_RETENTION, Right.CONFIRM_ERASURE)
    ),
    PageEntry("diagnostics", "Diagnostics", "gauge", "workstation", _diagnostics, (Right.OWN_ACCESS,)),
    PageEntry("settings", "Settings", "settings-2", "workstation", _settings, (Right.OWN_ACCESS,)),
)


def entry(page_id: str) -> PageEntry:
    """The entry of a page.

    Raises
    ------
    KeyError
        When no page has this id.
    """
    for candidate in PAGES:
        if candidate.id == page_id:
            return candidate
    raise KeyError(page_id)
