"""What do the shop's services write into their logs?

About twenty templates a service, from the very frequent to the rare, harmless warnings and errors among them, and with
values that are nobody's business (addresses, tokens, card numbers: all invented), which Tocsin must not show.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

Level = str


@dataclass(frozen=True, slots=True)
class Template:
    """`weight` is how often it comes, compared with the others of its service."""

    weight: float
    level: Level
    text: str


def render(text: str, random: Random, service: str, *, slow: float = 1.0, **given: str) -> str:
    """`text` with its `{parameters}` filled in. `slow` multiplies the durations."""
    return text.format_map(_Values(random, service, slow, given))


class _Values(dict[str, str]):
    """Makes a parameter's value when it is asked for."""

    def __init__(self, random: Random, service: str, slow: float, given: Mapping[str, str]) -> None:
        super().__init__(given)
        self._random, self._service, self._slow = random, service, slow

    def __missing__(self, name: str) -> str:
        if name == "pod":
            return pod(self._service, self._random.randrange(3))
        if name == "ms":
            return str(round(self._random.lognormvariate(math.log(45), 0.7) * self._slow))
        return _PARAMETERS[name](self._random)


def pod(service: str, number: int) -> str:
    """The name of one of a service's three pods."""
    random = Random(f"{service} {number}")
    tail = "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
    return f"{service.replace('_', '-')}-{random.getrandbits(36):09x}-{tail}"


def _pick(*values: str, weights: tuple[float, ...] | None = None) -> Callable[[Random], str]:
    return lambda random: random.choices(values, weights)[0]


def _number(low: int, high: int, form: str = "{}") -> Callable[[Random], str]:
    return lambda random: form.format(random.randint(low, high))


def _hex(digits: int, form: str = "{}") -> Callable[[Random], str]:
    return lambda random: form.format(f"{random.getrandbits(digits * 4):0{digits}x}")


def _email(random: Random) -> str:
    first = random.choice(("mia", "jonas", "lena", "emre", "sofia", "tom", "aiko", "noah"))
    last = random.choice(("keller", "rossi", "novak", "yilmaz", "tanaka", "dubois", "brandt"))
    return f"{first}.{last}{random.randint(1, 99)}@{random.choice(('example.com', 'example.org', 'mail.example'))}"


def _card(random: Random) -> str:
    """A number with the right check digit (Luhn's), as only a real-looking one must be hidden."""
    digits = [int(digit) for digit in f"424242424242{random.randint(0, 999):03d}"]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    number = "".join(map(str, [*digits, -sum(doubled) % 10]))
    return " ".join(number[start : start + 4] for start in range(0, 16, 4))


_PARAMETERS: Mapping[str, Callable[[Random], str]] = {
    "address": lambda random: f"10.{random.randint(0, 3)}.{random.randint(0, 255)}.{random.randint(1, 254)}",
    "amount": lambda random: f"{random.lognormvariate(3.6, 0.9):.2f}",
    "agent": _pick("Firefox/131", "Chrome/130", "Safari/18", "okhttp/4.12", weights=(3, 5, 3, 1)),
    "bytes": _number(900, 48_000),
    "cache": _pick("catalog:home", "catalog:sale", "menu:top", "prices:eu", "stock:0417", "search:hot"),
    "card": _card,
    "cart": _hex(10, "c-{}"),
    "charge": _hex(14, "ch_{}"),
    "country": _pick("DE", "FR", "IT", "NL", "US", "GB", "JP", "PL"),
    "currency": _pick("EUR", "USD", "GBP", "CHF", "JPY", "PLN", weights=(52, 26, 10, 5, 4, 3)),
    "email": _email,
    "features": _number(118, 126),
    "few": _number(2, 9),
    "gateway": _pick("northbank", "paybridge", "cardwave", weights=(5, 3, 2)),
    "intent": _hex(12, "pi_{}"),
    "lag": _number(1, 40),
    "model": _pick("2026.11.18", "2026.11.20"),
    "offset": _number(10_000_000, 99_000_000),
    "order": _number(100_000, 999_999, "ord-{}"),
    "page": _pick("/api/cart/items", "/api/catalog/home", "/api/search/q", "/api/account/orders", "/p/item/list"),
    "part": _number(0, 11),
    "percent": _number(2, 97),
    "product": _number(1000, 9999),
    "request": _hex(16),
    "rows": _number(300, 9800),
    "score": lambda random: f"0.{random.randint(610, 940)}",
    "seconds": lambda random: f"{random.uniform(0.4, 9.5):.1f}",
    "session": _hex(20),
    "shard": _number(0, 7),
    "small": _number(1, 4),
    "status": _pick("200", "204", "304", "404", weights=(86, 6, 6, 2)),
    "table": _pick("v41", "v40"),
    "temperature": lambda random: f"{random.uniform(38, 61):.1f}",
    "timeout": _number(2990, 3010),
    "token": _hex(40, "sk_live_{}"),
    "user": _number(10_000, 99_999, "u-{}"),
    "waiters": _number(60, 240),
    "zone": _pick("eu-west-1a", "eu-west-1b", "eu-west-1c"),
}


def _templates(*rows: tuple[float, Level, str]) -> tuple[Template, ...]:
    return tuple(Template(*row) for row in rows)


TEMPLATES: Mapping[str, tuple[Template, ...]] = {
    "web": _templates(
        (30, "info", "GET {page} {status} {ms}ms {bytes}B client={address} agent={agent} request={request}"),
        (9, "info", "POST /api/cart/{cart} {status} {ms}ms request={request}"),
        (8, "info", "rendered product page for {product} in {ms} ms from {pod}"),
        (7, "info", "search took {ms} ms and found {rows} products request={request}"),
        (6, "debug", "cache hit key={cache} age={seconds}s"),
        (3, "info", "cache miss key={cache} refilled in {ms} ms"),
        (4, "info", "session {session} started country={country}"),
        (3, "info", "user {user} signed in as {email} from {address}"),
        (2, "info", "user {user} signed out after {rows} s"),
        (2, "info", "recommendations for {user} came in {ms} ms model={model}"),
        (2, "info", "handed cart {cart} over to checkout in {ms} ms"),
        (1.2, "info", "static bundle served to {address} {bytes} bytes"),
        (1, "debug", "feature flag new-menu is on for {percent} percent"),
        (0.8, "warn", "slow page {page} took {ms} ms, budget is 800 ms"),
        (0.6, "warn", "client {address} closed the connection before the answer was sent"),
        (0.5, "info", "health probe answered in {ms} ms zone={zone}"),
        (0.4, "warn", "rejected a session cookie signed with an old key, authorization: Bearer {token}"),
        (0.3, "error", "upload from {address} is larger than {bytes} bytes, refused"),
        (0.2, "info", "worker {pod} recycled after {offset} requests"),
        (0.2, "info", "sitemap written with {rows} pages in {seconds} s"),
    ),
    "checkout": _templates(
        (20, "info", "quoted cart {cart} currency={currency} amount={amount} in {ms} ms request={request}"),
        (16, "info", "order {order} placed by {user} currency={currency} amount={amount}"),
        (14, "info", "order {order} paid, completed in {ms} ms request={request}"),
        (10, "debug", "reserved {small} items of product {product} in shard {shard}"),
        (7, "info", "shipping to {country} costs {amount} for order {order}"),
        (6, "info", "receipt for order {order} sent to {email}"),
        (4, "info", "discount of {percent} percent applied to cart {cart}"),
        (3, "debug", "tax service answered in {ms} ms zone={zone}"),
        (2.5, "info", "cart {cart} expired after {rows} s"),
        (2, "info", "stock of product {product} is {rows}"),
        (1.6, "info", "address of {user} checked in {ms} ms score={score}"),
        (1.2, "warn", "payment for order={order} is slow, {ms} ms so far"),
        (1, "warn", "product {product} is low on stock, {few} left"),
        (0.8, "info", "outbox flushed {few} events in {ms} ms"),
        (0.6, "warn", "retrying stock reservation for order {order}, attempt {small}"),
        (0.5, "error", "customer card was declined for order {order} reason=insufficient_funds"),
        (0.4, "info", "connection pool has {percent} percent in use"),
        (0.3, "warn", "address of {email} could not be verified, asking again"),
        (0.2, "info", "rate table {table} loaded with {rows} pairs"),
        (0.2, "error", "voucher {cart} is not valid any more"),
    ),
    "payments": _templates(
        (20, "info", "authorised {intent} gateway={gateway} currency={currency} amount={amount} in {ms} ms"),
        (14, "info", "captured {charge} for order {order} gateway={gateway}"),
        (10, "info", "intent {intent} created for order {order} request={request}"),
        (8, "debug", "gateway {gateway} answered in {ms} ms zone={zone}"),
        (5, "info", "fraud score of {intent} is {score}, passed"),
        (4, "info", "webhook from {gateway} accepted, event {request}"),
        (3, "info", "3-D Secure challenge sent to {email}"),
        (2.5, "info", "challenge of {intent} solved after {seconds} s"),
        (2, "info", "refund of {amount} for {charge} booked"),
        (1.5, "debug", "signed request with key {token}"),
        (1.2, "info", "ledger entry {offset} written in {ms} ms"),
        (1, "warn", "intent {intent} still waits for its order, attempt {small} of 5"),
        (0.8, "warn", "card {card} was declined by its bank code={few}"),
        (0.7, "info", "settlement file part {part} has {rows} rows"),
        (0.5, "warn", "gateway {gateway} answered slowly, {ms} ms"),
        (0.4, "info", "exchange rates refreshed in {ms} ms"),
        (0.4, "error", "card {card} was refused as stolen, order {order} stopped"),
        (0.3, "info", "idempotency key {request} seen again, earlier answer given"),
        (0.2, "info", "vault token renewed for {rows} s"),
        (0.2, "warn", "chargeback opened for {charge}"),
    ),
    "orders_hourly": _templates(
        (14, "info", "read partition {part} offset {offset}, {rows} rows in {seconds} s"),
        (10, "info", "joined {rows} orders with customers in {seconds} s"),
        (9, "debug", "deduplicated partition {part}, {few} rows dropped"),
        (8, "info", "wrote {rows} rows to orders.part{part} in {seconds} s"),
        (6, "info", "column amount has {rows} values, {few} null"),
        (5, "debug", "spilled {bytes} bytes to disk"),
        (4, "info", "task transform heartbeat from {pod} after {seconds} s"),
        (4, "info", "task load heartbeat from {pod} after {seconds} s"),
        (3, "info", "schema check passed for orders, {few} columns"),
        (3, "info", "freshness of orders is {lag} min"),
        (2, "info", "warehouse answered in {ms} ms"),
        (2, "info", "waiting for partition {part} to close, lag {lag} s"),
        (1.5, "info", "currency conversion table {table} read with {rows} pairs"),
        (1.2, "warn", "late rows in partition {part}: {few}"),
        (1, "warn", "task load took {seconds} s, usually less"),
        (1, "info", "quality score of the batch is {score}"),
        (0.8, "info", "lineage event {request} sent"),
        (0.8, "error", "row of order {order} has no customer, written to quarantine"),
        (0.6, "info", "compacted {few} small files into {small}"),
        (0.6, "info", "slot {part} of the pool is free"),
    ),
    "recommender": _templates(
        (20, "info", "scored {rows} products for {user} in {ms} ms model={model}"),
        (10, "debug", "feature vector of {user} has {features} values"),
        (8, "info", "batch of {few} requests took {ms} ms on {pod}"),
        (6, "debug", "embedding cache hit ratio {percent} percent"),
        (5, "info", "click on product {product} by {user} position={small}"),
        (4, "info", "prediction drift is {score} over the last {rows} requests"),
        (3, "info", "top product is {product} with score {score}"),
        (3, "info", "feature store answered in {ms} ms zone={zone}"),
        (2, "debug", "accelerator memory {percent} percent temperature {temperature}"),
        (2, "info", "experiment ranking-b shown to {percent} percent"),
        (1.5, "info", "index shard {shard} refreshed in {seconds} s"),
        (1.2, "warn", "user {user} has no history, popular products given"),
        (1, "warn", "feature age of {user} is {lag} min"),
        (1, "info", "model {model} answered {rows} requests since start"),
        (0.8, "info", "shadow model {model} agrees in {percent} percent"),
        (0.6, "warn", "batch waited {ms} ms for a free slot"),
        (0.6, "error", "product {product} is not in the index, left out"),
        (0.5, "info", "profile of {email} deleted on request"),
        (0.4, "info", "calibration error is {score}"),
        (0.4, "info", "candidate set has {rows} products"),
    ),
}

ROLLOUT: tuple[str, ...] = (
    "rollout started version={version} revision={revision} replicas=3",
    "pod {pod} pulled image version={version} in {seconds} s",
    "pod {pod} is ready after {seconds} s",
    "pod {pod} of version={previous} was stopped",
    "rollout finished version={version} in {seconds} s",
)
"""What a service logs when it is deployed."""

PODS = range(3)
