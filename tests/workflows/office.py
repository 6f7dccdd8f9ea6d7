"""Everything that a team has: a repository on GitHub with the workflows, a Treasure Data, and a Braze."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.github_world import World
from tests.place import Answer, Place
from tests.workflows.act import Act, Run
from tests.workflows.events import Event, opened, pushed
from tests.workflows.repository import NAME, Pull, Push, Repository

KEY, READING_KEY = "9/the-key-that-writes", "9/the-key-that-reads"

PROJECT = """\
version: 1
defaults: {{owner: crm-team, identifiers: {{external_id: customer_id}}}}
guards: {{max_members: 1000}}
targets:
  production:
    endpoint: {url}
    database: shop
    state_database: cohort_runner
    workspace: sandbox
    connection: braze
    protected: true
"""


@dataclass(frozen=True, slots=True)
class Office:
    """`shop` works in the repository's clone: what it writes is there to be committed."""

    repository: Repository
    act: Act
    shop: Place
    github: World

    def with_settings(self, **variables: str) -> Office:
        """The same with variables in the repository's settings."""
        return replace(self, act=replace(self.act, variables={**self.act.variables, **variables}))

    def project(self, extra: str = "") -> None:
        """Write the project file."""
        text = PROJECT.format(url=self.shop.url) + extra
        (self.repository.folder / "cohorts" / "project.yml").write_text(text, encoding="utf-8")

    def set_up(self) -> None:
        """What is done once on a team's first day: a ledger, and one user who was seen to come and go."""
        assert self.run("bootstrap").code == 0
        assert self.run("doctor", "--canary", "external_id:ann", typed="y\ny\n").code == 0

    def run(self, *arguments: str, typed: str = "") -> Answer:
        """Run a command at the desk, against production."""
        return self.shop.run(*arguments, "--target", "production", typed=typed)

    def synced(self) -> None:
        """Have everything that is in the clone in Braze already."""
        assert self.run("sync").code == 0

    def cohort(self, cohort_id: str, *names: str, extra: str = "", name: str = "") -> None:
        """Write a cohort's file: of these customers, whoever is there."""
        listed = ", ".join(f"'{each}'" for each in names)
        sql = f"SELECT customer_id FROM customers WHERE customer_id IN ({listed})"
        self.shop.cohort(cohort_id, sql, name=name, extra=extra)

    def delete(self, path: str) -> None:
        """Delete a file under `cohorts`."""
        (self.repository.folder / "cohorts" / path).unlink()

    def begin(self, message: str = "the first cohorts") -> Push:
        """Commit what is there, and push it as main."""
        self.repository.commit(message)
        return self.repository.push()

    def push(self, message: str) -> Push:
        """Commit to main itself."""
        self.repository.commit(message)
        return self.repository.push()

    def propose(self, branch: str, *, number: int = 1, author: str = "mara", fork: str = "") -> Pull:
        """Commit what is there to the branch that is worked on, and ask for it to be merged."""
        self.repository.commit(branch)
        pull = self.repository.open_pull(branch, number=number, author=author, fork=fork)
        self.github.pull(number, head=pull.head, base=pull.base, commits=[pull.head])
        return pull

    def land(self, pull: Pull) -> Push:
        """Merge a pull request, and go back to main."""
        push = self.repository.merge(pull)
        self.github.pull(pull.number, head=pull.head, base=pull.base, merged=True, commits=[pull.head, push.after])
        self.repository.back_to("main")
        return push

    def review(self, pull: Pull) -> Run:
        """What a pull request is answered with when it is opened."""
        return self.act.run(self.repository, "cohorts-pr.yml", opened(pull))

    def sync(self, event: Event | Push) -> Run:
        """What happens to Braze after a push, or another event."""
        return self.act.run(self.repository, "cohorts-sync.yml", pushed(event) if isinstance(event, Push) else event)

    def drift(self, event: Event) -> Run:
        """Whether Braze is still as it should be."""
        return self.act.run(self.repository, "cohorts-drift.yml", event)

    @property
    def comments(self) -> Mapping[int, str]:
        """The comments that there are, by their ids, as people read them."""
        return {comment["id"]: html.unescape(comment["body"]) for comment in self.github.comments}

    @property
    def issues(self) -> list[tuple[str, str]]:
        """Every issue: how it stands, and its title."""
        return [(issue["state"], issue["title"]) for issue in self.github.issues.values()]


def opened_at(repository: Repository, act: Act, url: str, github: World, api: str) -> Office:
    """An office with its GitHub's settings made: where to sync to, and the keys."""
    assert github.repository == NAME
    shop = Place(repository.folder, url, {"TD_API_KEY": KEY, "CI": "true"})
    settled = replace(
        act,
        api=api,
        variables={"COHORTS_TARGET": "production"},
        secrets={"TD_API_KEY": KEY, "TD_API_KEY_READONLY": READING_KEY},
    )
    return Office(repository, settled, shop, github)
