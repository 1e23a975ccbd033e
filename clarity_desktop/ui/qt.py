"""The one Qt door: every Qt name the window uses comes through here, and binding faults are worked around here.

PySide6 is held at 6.11 because later releases lose references to ``None`` on Python 3.11 and end the process while
painting; a test counts those references. Only the four modules below are part of the Essentials package and load
quickly enough for the first paint; what the session and other windows are asked through is loaded later.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    SLOT,
    QAbstractListModel,
    QAbstractNativeEventFilter,
    QAbstractTableModel,
    QByteArray,
    QCoreApplication,
    QEvent,
    QLineF,
    QMessageLogContext,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtGui import (
    QAction,
    QBrush,
    QClipboard,
    QCloseEvent,
    QColor,
    QContextMenuEvent,
    QCursor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFocusEvent,
    QFont,
    QFontDatabase,
    QFontInfo,
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QIcon,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPageSize,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPdfWriter,
    QPen,
    QPixmap,
    QPixmapCache,
    QPolygonF,
    QResizeEvent,
    QShortcut,
    QShowEvent,
    QTransform,
    QWheelEvent,
    QWindow,
)
from PySide6.QtSvg import (
    QSvgGenerator,
    QSvgRenderer,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDateEdit,
    QFileDialog,
    QFocusFrame,
    QFrame,
    QGraphicsDropShadowEffect,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QStackedLayout,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTabBar,
    QTableView,
    QToolTip,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

if TYPE_CHECKING:
    from PySide6.QtDBus import (
        QDBusConnection,
        QDBusMessage,
        QDBusPendingCallWatcher,
        QDBusUnixFileDescriptor,
    )
    from PySide6.QtNetwork import QLocalServer, QLocalSocket
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

_LATE = {
    "QDBusConnection": "QtDBus",
    "QDBusMessage": "QtDBus",
    "QDBusPendingCallWatcher": "QtDBus",
    "QDBusUnixFileDescriptor": "QtDBus",
    "QLocalServer": "QtNetwork",
    "QLocalSocket": "QtNetwork",
}
"""Names of modules that are loaded when they are first asked for, after the first paint."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"PySide6.{_LATE[name]}"), name)


__all__ = [
    "QAbstractButton",
    "QAbstractItemView",
    "QAbstractListModel",
    "QAbstractNativeEventFilter",
    "QAbstractScrollArea",
    "QAbstractTableModel",
    "QAction",
    "QApplication",
    "QBrush",
    "QButtonGroup",
    "QByteArray",
    "QCheckBox",
    "QClipboard",
    "QCloseEvent",
    "QColor",
    "QComboBox",
    "QContextMenuEvent",
    "QCoreApplication",
    "QCursor",
    "QDBusConnection",
    "QDBusMessage",
    "QDBusPendingCallWatcher",
    "QDBusUnixFileDescriptor",
    "QDateEdit",
    "QDragEnterEvent",
    "QDragLeaveEvent",
    "QDropEvent",
    "QEnterEvent",
    "QEvent",
    "QFileDialog",
    "QFocusEvent",
    "QFocusFrame",
    "QFont",
    "QFontDatabase",
    "QFontInfo",
    "QFontMetrics",
    "QFontMetricsF",
    "QFrame",
    "QGraphicsDropShadowEffect",
    "QGridLayout",
    "QGuiApplication",
    "QHBoxLayout",
    "QHeaderView",
    "QHelpEvent",
    "QIcon",
    "QImage",
    "QKeyEvent",
    "QKeySequence",
    "QLabel",
    "QLineEdit",
    "QLineF",
    "QListView",
    "QListWidget",
    "QListWidgetItem",
    "QLocalServer",
    "QLocalSocket",
    "QMenu",
    "QMessageLogContext",
    "QMimeData",
    "QModelIndex",
    "QMouseEvent",
    "QObject",
    "QPageSize",
    "QPaintEvent",
    "QPainter",
    "QPainterPath",
    "QPalette",
    "QPdfWriter",
    "QPen",
    "QPersistentModelIndex",
    "QPixmap",
    "QPixmapCache",
    "QPlainTextEdit",
    "QPoint",
    "QPointF",
    "QPolygonF",
    "QProgressBar",
    "QPushButton",
    "QRect",
    "QRectF",
    "QResizeEvent",
    "QScrollArea",
    "QScrollBar",
    "QShortcut",
    "QShowEvent",
    "QSize",
    "QSizePolicy",
    "QSortFilterProxyModel",
    "QStackedLayout",
    "QStackedWidget",
    "QStyle",
    "QStyleOptionViewItem",
    "QStyledItemDelegate",
    "QSvgGenerator",
    "QSvgRenderer",
    "QTabBar",
    "QTableView",
    "QTimer",
    "QToolTip",
    "QTransform",
    "QUrl",
    "QVBoxLayout",
    "QWheelEvent",
    "QWidget",
    "QWindow",
    "Qt",
    "QtMsgType",
    "SLOT",
    "Signal",
    "Slot",
    "isValid",
    "print_dialog",
    "qInstallMessageHandler",
]


def print_dialog(parent: QWidget, job: str) -> tuple[QPrinter, QPrintDialog]:
    """The system's dialog for printing, and the printer that it sets up; loaded at the first print.

    Parameters
    ----------
    job:
        Name of the print job, which the print queue shows: no name of a person.
    """
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(job)
    return printer, QPrintDialog(printer, parent)
