"""Which runbooks are for an incident, and what do their buttons ask for? Offered once each, in its thread."""

from collections.abc import Sequence

from bot.actions.fitting import filled
from bot.actions.model import Action
from bot.actions.runbooks import Runbook, fitting_ones
from bot.clock import Clock
from bot.engine.catalogue import Catalogue
from bot.engine.pages import RunbookPage, RunbooksPage, RunbookStep
from bot.engine.ports import Notice, Store, Transaction
from bot.engine.showing import trouble_of
from bot.engine.telling import card_of_incident, tell_incident
from bot.errors import NotFound, Stale
from bot.incidents.model import Incident
from bot.settings import Settings
from bot.settings.runbooks import RunbookFolder, Shelf


class Runbooks:
    def __init__(self, store: Store, clock: Clock, settings: Settings, catalogue: Catalogue) -> None:
        self._store, self._clock, self._settings, self._catalogue = store, clock, settings, catalogue
        self._folder = RunbookFolder(settings.runbooks.folder, settings.actions)

    def shelf(self) -> Shelf:
        return self._folder.read()

    def all(self) -> RunbooksPage:
        shelf = self.shelf()
        return RunbooksPage(shelf.runbooks, shelf.problems, self._settings.runbooks.folder is not None)

    def find(self, name: str) -> Runbook:
        known = {runbook.name: runbook for runbook in self.shelf().runbooks}
        if name not in known:
            raise NotFound("runbook", name, known=sorted(known)[:20])
        return known[name]

    def of(self, tx: Transaction, incident: Incident) -> tuple[Runbook, ...]:
        """Those for the incident, the most exact first."""
        shelf = self.shelf()
        return tuple(fitting_ones(shelf.runbooks, trouble_of(tx, incident))) if shelf.runbooks else ()

    def of_incident(self, incident_id: int) -> Sequence[RunbookPage]:
        with self._store.read() as tx:
            incident = tx.incidents.get(incident_id)
            return [self._page(runbook, incident) for runbook in self.of(tx, incident)]

    def page(self, name: str, incident_id: int = 0) -> RunbookPage:
        """One to read; with the buttons of its actions when it is read for an incident. None of it when it is gone."""
        incident = None
        if incident_id:
            with self._store.read() as tx:
                incident = tx.incidents.get(incident_id)
        try:
            return self._page(self.find(name), incident)
        except NotFound:
            if not incident_id:
                raise
            return RunbookPage(None, incident)

    def wanted(self, key: str, digest: str, place: int, incident_id: int) -> tuple[Action, dict[str, str]]:
        """What the button in this place asks for: the action, and the values that the incident fills in. A button of a
        runbook that was changed since is stale."""
        found = next((one for one in self.shelf().runbooks if (one.key, one.digest) == (key, digest)), None)
        if found is None or place >= len(found.steps):
            raise Stale("changed_meanwhile", runbook=key)
        step = found.steps[place]
        with self._store.read() as tx:
            incident = tx.incidents.get(incident_id)
            if not incident.state.is_active:
                raise Stale("already_resolved", incident=incident.key, by=incident.resolved_by)
            facts = trouble_of(tx, incident).facts
        return self._catalogue.get(step.action), filled(dict(step.parameters), facts)

    def offer(self) -> None:
        """By the clock: a runbook for an incident is put into its thread once, and again when the file changed."""
        if not self.shelf().runbooks:
            return
        now = self._clock.now()
        with self._store.read() as tx:
            new = [
                (incident.id, runbook)
                for incident in tx.incidents.active()
                for runbook in self.of(tx, incident)
                if not tx.records.has_happened("runbook", _key(incident, runbook))
            ]
        for incident_id, runbook in new:
            with self._store.write() as tx:
                incident = tx.incidents.lock(incident_id)
                if incident.state.is_active and tx.records.once("runbook", _key(incident, runbook), now):
                    tx.outbox.put(_notice(incident, runbook), now)
                    tell_incident(tx, incident, now)

    def _page(self, runbook: Runbook, incident: Incident | None) -> RunbookPage:
        offered = runbook.steps if incident is not None and incident.state.is_active else ()
        steps = []
        for place, step in enumerate(offered):
            action = self._catalogue.known(step.action)
            if action is not None and not self._catalogue.missing_connector(action):
                steps.append(RunbookStep(place, action.kind, action.service, step.label))
        template = self._settings.runbooks.url
        link = template.replace("{path}", f"{runbook.name}.md") if template else ""
        return RunbookPage(runbook, incident, tuple(steps), link)


def _key(incident: Incident, runbook: Runbook) -> str:
    return f"{incident.id}:{runbook.key}:{runbook.digest}"


def _notice(incident: Incident, runbook: Runbook) -> Notice:
    card = card_of_incident(incident.id)
    facts = {"incident": incident.id, "runbook": runbook.name}
    key = f"{card}:runbook:{runbook.key}"
    return Notice(key, "runbook", incident.channel, facts, card=True, thread_of=card)
