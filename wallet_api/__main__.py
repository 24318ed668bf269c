"""Command line of the service.

Results go to standard output, talk to standard error. Exit codes: 0 done, 2 refused (the text says what to do).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from credentials.errors import CredentialFormatError
from credentials.spec import Audience, DocumentType, Domain, Form

from .audit.commands import add_commands as add_audit_commands
from .batches.columns import described
from .drill.commands import add_commands as add_drill_commands
from .retention.commands import add_commands as add_retention_commands
from .settings import DEFAULT_BASE_URL, Settings, SettingsRefused, read_settings

if TYPE_CHECKING:
    from credentials.enrolment_file import EnrolmentRequest

    from .wiring import Service

_EXAMPLES = """\
exemples :
  wallet-api init --home maison --demo
  wallet-api serve --home maison
  wallet-api offer --home maison --person camille --document driving_licence
  wallet-api backup --home maison service.backup
  wallet-api restore --home nouvelle service.backup --published maison/published

Codes de retour : 0 fait ; 1 ce qui était à vérifier ne tient pas (audit verify, drill) ; 2 refusé, le texte dit quoi faire.

Démonstrateur, service non officiel, données fictives.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except Exception as error:
        words = _words(error)
        if words is None:
            raise
        print(f"wallet-api: {words}", file=sys.stderr)
        return 2
    finally:
        for service in vars(options).get("opened", ()):
            service.database.close()


def _words(error: Exception) -> str | None:
    """What happened and what to do, for trouble that an operator can mend; None for our own mistakes."""
    from keys.errors import SigningKeyError

    from .backup import BackupRefused
    from .official_client import ActRefused
    from .problems import WalletError
    from .publication import PublicationRefused
    from .storage_full import means_storage_full

    if means_storage_full(error):
        return "plus de place sur le disque, rien n'a été enregistré ; libérez de la place, puis relancez la même commande"
    match error:
        case WalletError():
            return f"{error.problem.fr} ({error.problem.code})"
        case (
            SettingsRefused()
            | SigningKeyError()
            | PublicationRefused()
            | ActRefused()
            | BackupRefused()
            | CredentialFormatError()
        ):
            return str(error)
        case OSError():
            return f"{error.filename or 'system'}: {error.strerror}"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wallet-api",
        description="Service de délivrance de Laissez-passer.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument("--home", type=Path, help="dossier du service ; sinon LP_HOME, sinon ./home")
    commands = parser.add_subparsers(required=True, metavar="COMMANDE")

    one = commands.add_parser("init", parents=[home], help="créer un service dans un dossier vide")
    one.add_argument("--demo", action="store_true", help="registres fictifs, phrase secrète à côté des clés")
    one.add_argument("--base-url", help=f"adresse publique ; sinon LP_BASE_URL, sinon {DEFAULT_BASE_URL}")
    one.set_defaults(run=_init)

    one = commands.add_parser(
        "serve",
        parents=[home],
        help="répondre aux téléphones, aux agents, aux terminaux",
        description="/healthz : le processus vit. /readyz : base, clés et listes sont prêtes, et qui tient les baux ; 503 "
        "dit laquelle manque. /metrics (Prometheus) : requêtes, actes, âge des listes, propositions qui attendent, "
        "actes encore annulables ; jamais personne. Plusieurs processus peuvent servir une base.",
    )
    one.add_argument("--host", help="adresse d'écoute ; par défaut celle de l'adresse publique")
    one.add_argument("--port", type=int, help="port d'écoute ; par défaut celui de l'adresse publique")
    one.add_argument("--check-config", action="store_true", help="vérifier les réglages et s'arrêter")
    one.set_defaults(run=_serve)

    one = commands.add_parser("offer", parents=[home], help="proposer un document à un téléphone")
    one.add_argument("--person", required=True, help="camille, lea, yanis, ines ou theo (personnes fictives)")
    one.add_argument("--document", required=True, choices=[str(kind) for kind in DocumentType])
    one.add_argument("--form", choices=[form.name.lower() for form in Form], help="sinon les deux")
    one.add_argument("--tx-code", action="store_true", help="demander aussi un code, remis à part")
    one.set_defaults(run=_offer)

    one = commands.add_parser("publish", parents=[home], help="publier les listes")
    one.set_defaults(run=_publish)
    _add_backup(commands, home)
    _add_terminal(commands, home)
    _add_authority(commands, home)
    _add_official(commands, home)
    one = commands.add_parser(
        "batch",
        parents=[home],
        help="déposer un fichier d'actes, suivre un lot, ou l'annuler ; --help dit les colonnes",
        epilog=described(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, metavar="FICHIER", help="tableau CSV : un acte par ligne")
    what.add_argument("--follow", metavar="ID", help="suivre ce lot jusqu'à sa dernière ligne")
    what.add_argument(
        "--cancel", metavar="ID", help="annuler ce lot, ce qui compte déjà excepté, et le suivre"
    )
    one.add_argument("--dry-run", action="store_true", help="essayer chaque ligne sans rien écrire")
    _add_again(one)
    _add_caller(one, "agnes")
    one.set_defaults(run=_batch)
    add_audit_commands(commands, home)
    add_retention_commands(commands, home)
    add_drill_commands(commands)
    return parser


def _add_backup(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    one = commands.add_parser(
        "backup",
        parents=[home],
        help="sauvegarder le service entier dans un fichier, pendant qu'il tourne",
        description="Tables, clés et réglages d'un même instant, sur SQLite ou PostgreSQL, relus et vérifiés. Les clés "
        "restent chiffrées et leur phrase secrète n'y est pas (sauf démonstration) ; le reste est en clair : mode 0600.",
    )
    one.add_argument("file", type=Path, metavar="FICHIER", help="fichier à écrire ; il ne doit pas exister")
    one.set_defaults(run=_backup)
    one = commands.add_parser(
        "restore",
        parents=[home],
        help="refaire un service d'une sauvegarde, dans un dossier et une base vides",
        description="Vérifie le fichier, remplit la base (celle de LP_DATABASE_URL, de l'un ou l'autre moteur), contrôle le "
        "journal, puis saute les éditions, ferme les listes et garde révoqué ce qui était publié comme tel. Ce qui fut "
        "décidé après la sauvegarde est à enregistrer de nouveau.",
    )
    one.add_argument("file", type=Path, metavar="FICHIER", help="fichier écrit par wallet-api backup")
    one.add_argument(
        "--published",
        type=Path,
        help="dernier dossier publié, ou sa copie ; par défaut celui qui se trouve seul dans le dossier du service",
    )
    one.set_defaults(run=_restore)


def _add_terminal(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    terminals = commands.add_parser("terminal", help="enrôler un terminal, ou le déclarer perdu")
    acts = terminals.add_subparsers(required=True, metavar="ACTE")
    one = acts.add_parser("enrol", parents=[home], help="répondre à la demande d'un terminal")
    one.add_argument("request", type=Path, help="fichier écrit par verifier enrol request")
    one.add_argument("--profile", required=True, choices=[str(profile) for profile in Audience])
    one.add_argument("--out", type=Path, required=True, help="fichier d'enrôlement à écrire")
    one.add_argument("--test-mode", action="store_true", help="ce terminal accepte les clés de test publiées")
    one.set_defaults(run=_enrol)
    one = acts.add_parser("lost", parents=[home], help="ne plus lui remettre de clés")
    one.add_argument("terminal_id")
    one.set_defaults(run=_lost)


def _add_authority(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    authority = commands.add_parser("authority", help="un acte d'autorité, par l'interface du service")
    acts = authority.add_subparsers(required=True, metavar="ACTE")
    for name, text in (
        ("withdraw", "retirer des points"),
        ("annul", "annuler un retrait de points, après un recours"),
        ("course", "inscrire un stage de récupération de points"),
        ("suspend", "suspendre"),
        ("lift", "lever une suspension"),
        ("revoke", "révoquer, sans retour"),
    ):
        one = acts.add_parser(name, parents=[home], help=text)
        one.add_argument("--person", required=True)
        one.add_argument(
            "--document", default="driving_licence", choices=[str(kind) for kind in DocumentType]
        )
        one.add_argument("--decision", required=True, help="référence unique de la décision")
        _add_points(one, name)
        if name == "suspend":
            one.add_argument("--from", dest="starts", help="jour ou instant ; sinon maintenant")
            one.add_argument("--until", help="premier jour ou instant sans la mesure")
        if name == "lift":
            one.add_argument("--measure", help="identifiant ; sinon la seule suspension en cours")
        if name == "revoke":
            one.add_argument("--subject", choices=["right", "document"], default="right")
        _add_again(one)
        _add_caller(one, "agnes ou elise")
        one.set_defaults(run=_authority, act=name)
    one = acts.add_parser(
        "find",
        parents=[home],
        help="l'identifiant d'un dossier, que les lots nomment licence_id · the id of a document, licence_id in a batch",
    )
    one.add_argument("--person", required=True)
    one.add_argument("--document", default="driving_licence", choices=[str(kind) for kind in DocumentType])
    _add_caller(one, "agnes ou elise")
    one.set_defaults(run=_authority, act="find")
    one = acts.add_parser("cancel", parents=[home], help="annuler un acte avant qu'il ne compte")
    one.add_argument("--person", required=True)
    one.add_argument("--document", default="driving_licence", choices=[str(kind) for kind in DocumentType])
    one.add_argument("--act", dest="cancelled", metavar="ID", required=True, help="identifiant de l'acte")
    _add_caller(one, "agnes ou elise")
    one.set_defaults(run=_authority, act="cancel")
    for name, word, text in (
        ("approve", "approval", "approuver ce qu'une autre personne propose"),
        ("refuse", "refusal", "refuser une proposition, ou reprendre la sienne"),
    ):
        one = acts.add_parser(name, parents=[home], help=text)
        one.add_argument("--proposal", metavar="ID", required=True)
        _add_caller(one, "claire")
        one.set_defaults(run=_decide, word=word)
    one = acts.add_parser(
        "proposals", parents=[home], help="les propositions qui attendent une seconde personne"
    )
    _add_caller(one, "claire")
    one.set_defaults(run=_proposals)


def _add_again(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--again",
        action="store_true",
        help="de nouveau, après annulation ; sinon la même commande n'agit qu'une fois",
    )


def _add_caller(one: argparse.ArgumentParser, default: str) -> None:
    one.add_argument("--as", dest="caller", metavar="NOM", help=f"agent fictif ; sinon {default}")
    one.add_argument(
        "--token-file",
        type=Path,
        metavar="FICHIER",
        help="jeton d'accès d'un vrai émetteur, au lieu de --as",
    )


def _add_points(one: argparse.ArgumentParser, name: str) -> None:
    if name == "withdraw":
        what = one.add_argument_group("infraction : --offence, ou --points avec --class")
        what.add_argument("--offence", metavar="CODE", help="code de la table des infractions")
        what.add_argument("--points", type=int)
        what.add_argument("--class", dest="offence_class", metavar="CLASSE", help="sinon contravention_4")
        one.add_argument("--committed", metavar="JOUR", help="jour des faits ; sinon celui de --established")
        one.add_argument("--established", metavar="JOUR", help="paiement ou condamnation ; sinon ce jour")
    if name == "annul":
        one.add_argument("--annuls", metavar="RÉFÉRENCE", required=True, help="décision de retrait annulée")
        one.add_argument("--decided", metavar="JOUR", help="jour de l'annulation ; sinon ce jour")
    if name == "course":
        one.add_argument("--first-day", metavar="JOUR", required=True)
        one.add_argument("--last-day", metavar="JOUR", required=True)


def _add_official(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    from .identity.fictitious_callers import CALLERS

    official = commands.add_parser("official", help="les agents et citoyens fictifs d'une démonstration")
    acts = official.add_subparsers(required=True, metavar="ACTE")
    names = ", ".join(f"{one.name} ({one.role})" for one in CALLERS.values())
    one = acts.add_parser(
        "token", parents=[home], help="un jeton d'accès d'une heure, sans mot de passe", description=names
    )
    one.add_argument("--as", dest="caller", metavar="NOM", required=True, choices=list(CALLERS))
    one.add_argument("--acr", choices=["eidas1", "eidas2", "eidas3"], help="niveau de garantie d'un citoyen")
    one.set_defaults(run=_official_token)


def _settings(options: argparse.Namespace) -> Settings:
    return read_settings(os.environ, options.home)


def _service(options: argparse.Namespace) -> Service:
    """The service of the home; `main` closes what it opened."""
    from .wiring import wire

    service = wire(_settings(options))
    options.opened = [*vars(options).get("opened", ()), service]
    return service


def _init(options: argparse.Namespace) -> int:
    from .home import make_home

    folder = options.home or Path(os.environ.get("LP_HOME", "home"))
    base_url = options.base_url or os.environ.get("LP_BASE_URL", DEFAULT_BASE_URL)
    made = make_home(os.environ, folder, base_url=base_url, demo=options.demo)
    talk = sys.stderr
    print(
        f"service créé dans {folder}, adresse publique {base_url}, édition {made.edition} publiée", file=talk
    )
    for domain, fingerprint in made.roots.items():
        print(f"racine {domain} : SHA-256 {fingerprint}", file=talk)
    if made.settings.develops:
        print("connexions fictives, sans mot de passe : wallet-api official token --as agnes", file=talk)
    elif not made.settings.oidc_issuer:
        print(
            "avant wallet-api serve, nommer l'émetteur des jetons : LP_OIDC_ISSUER, LP_OIDC_JWKS", file=talk
        )
    if options.demo:
        print("démonstration : la phrase secrète est à côté des clés, les personnes sont fictives", file=talk)
    print(folder)
    return 0


def _serve(options: argparse.Namespace) -> int:
    import uvicorn

    from .app import create_app
    from .health import readiness
    from .telemetry import install_json_logs, log

    settings = _settings(options)
    app = create_app(settings)
    if options.check_config:
        ready = readiness(app.state.service)
        print(ready.model_dump_json())
        return 0 if ready.all else 2
    address = urlsplit(settings.base_url)
    secure_port = 443 if address.scheme == "https" else 80
    host = options.host or (address.hostname if address.scheme == "http" else None) or "127.0.0.1"
    port = options.port or address.port or secure_port
    install_json_logs()
    log("starting")
    if app.state.service.development is not None:
        app.state.service.development.warn_once()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # ours follows the injected clock
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    return 0


def _offer(options: argparse.Namespace) -> int:
    from .openid4vci.offer import make_offer

    document_type, reference = _document_asked(options)
    service = _service(options)
    with service.database.write() as connection:
        offer = make_offer(
            service,
            connection,
            document_type,
            reference,
            form=None if options.form is None else Form[options.form.upper()],
            with_tx_code=options.tx_code,
            why={"by": "operator"},
        )
    print(offer.uri)
    print(f"document {offer.document_id}", file=sys.stderr)
    if offer.tx_code is not None:
        print(f"code à remettre à part : {offer.tx_code}", file=sys.stderr)
    return 0


def _publish(options: argparse.Namespace) -> int:
    from .publication.run import publish_now

    report = publish_now(_service(options))
    print(f"edition {report.edition}")
    print(f"{report.lists} lists, {report.files} files, {report.seconds:.2f} s", file=sys.stderr)
    for line in report.upkeep:
        print(f"keys: {line}", file=sys.stderr)
    for row in report.impossible:
        print(
            f"attestation {row.credential_id} : {row.what} impossible, laissé de côté ; lancez wallet-api audit verify",
            file=sys.stderr,
        )
    return 0


def _backup(options: argparse.Namespace) -> int:
    from .backup import make_backup

    report = make_backup(_service(options), options.file, _Progress())
    print(report.path)
    size = report.written_bytes / 1_000_000
    print(
        f"{report.rows} lignes, {report.files} fichiers, {size:.1f} Mo, {report.seconds:.1f} s",
        file=sys.stderr,
    )
    inside = (
        "phrase secrète comprise" if report.with_passphrase else "clés chiffrées, sans leur phrase secrète"
    )
    print(f"attention : {inside} ; le reste est en clair, à garder chiffré (mode 0600)", file=sys.stderr)
    return 0


def _restore(options: argparse.Namespace) -> int:
    from .backup import restore_backup
    from .clock import rfc3339

    home = options.home or Path(os.environ.get("LP_HOME", "home"))
    report = restore_backup(os.environ, options.file, home, published=options.published, progress=_Progress())
    print(home)
    talk = sys.stderr
    print(
        f"état du {rfc3339(report.made_at)} : {report.rows} lignes en {report.seconds:.1f} s, vérifiées",
        file=talk,
    )
    passed = report.passed
    print(f"la prochaine édition dépasse {passed.edition}", file=talk)
    if passed.saw_published:
        print(
            f"depuis la sauvegarde : {passed.revoked} entrées publiées révoquées et {passed.burnt} clés compromises le "
            f"restent ; {passed.suspended} suspensions et {passed.signers} clés faites depuis sont oubliées",
            file=talk,
        )
    else:
        print(
            "dossier publié absent : les terminaux gardent ce qu'ils ont vu révoqué, les autres non",
            file=talk,
        )
    print("enregistrez de nouveau les décisions prises depuis la sauvegarde", file=talk)
    print("puis : wallet-api publish, et wallet-api audit verify", file=talk)
    return 0


class _Progress:
    """One line on standard error for each table, and every two seconds within a long one."""

    def __init__(self) -> None:
        self._last, self._said_at = "", 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self._last or now - self._said_at >= 2.0 or done == total:
            self._last, self._said_at = what, now
            print(f"  {100 * done // max(1, total):3} %  {what}", file=sys.stderr)


def _enrol(options: argparse.Namespace) -> int:
    from .openid4vci.offer import root_fingerprint
    from .terminals.enrol import enrol_terminal

    request = _read_request(options.request)
    service = _service(options)
    answer = enrol_terminal(service, request, Audience(options.profile), test_mode=options.test_mode)
    draft = options.out.with_name(f".{options.out.name}.draft")
    draft.write_bytes(answer)
    draft.replace(options.out)
    print(options.out)
    print(f"terminal {request.terminal_id}, profil {options.profile}", file=sys.stderr)
    for domain in Domain:  # whoever installs the file compares them with what the terminal says
        print(f"racine {domain} : SHA-256 {root_fingerprint(service, domain)}", file=sys.stderr)
    return 0


def _read_request(path: Path) -> EnrolmentRequest:
    """A request as the terminal prints it: CBOR, or the same in base64 or hexadecimal text."""
    from credentials.enrolment_file import EnrolmentRequest

    content = path.read_bytes()[:4096]
    for read in (bytes, _hexadecimal, _base64):
        try:
            return EnrolmentRequest.decode(read(content))
        except ValueError:  # CredentialFormatError is one
            continue
    raise SettingsRefused(f"{path} is no request of a terminal; run: verifier enrol request")


def _hexadecimal(content: bytes) -> bytes:
    return bytes.fromhex(content.decode("ascii", "replace"))


def _base64(content: bytes) -> bytes:
    text = content.strip().replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _lost(options: argparse.Namespace) -> int:
    from .terminals.enrol import report_lost

    report_lost(_service(options), options.terminal_id)
    print(f"terminal {options.terminal_id} : plus de clés à la prochaine publication", file=sys.stderr)
    return 0


def _authority(options: argparse.Namespace) -> int:
    from .authority_client import act, cancel, find

    document_type, reference = _document_asked(options)
    settings, asked = _settings(options), vars(options)
    if options.act == "cancel":
        print(cancel(settings, reference, document_type, asked))
    elif options.act == "find":
        print(find(settings, reference, document_type, asked))
    else:
        print(act(settings, options.act, reference, document_type, asked))
    return 0


def _document_asked(options: argparse.Namespace) -> tuple[DocumentType, str]:
    """Which document of whom, and its reference at the registry. Raises `SettingsRefused` for none here."""
    from .registries.fictitious import PEOPLE

    document_type = DocumentType(options.document)
    person = PEOPLE.get(options.person)
    if person is None:
        raise SettingsRefused(
            f"personne de ce nom ; il y a · nobody of that name; there are: {', '.join(PEOPLE)}"
        )
    if document_type not in person.references:
        held = ", ".join(person.references)
        raise SettingsRefused(
            f"cette personne n'a pas ce document ; elle a · no such document, there is: {held}"
        )
    return document_type, person.references[document_type]


def _decide(options: argparse.Namespace) -> int:
    from .authority_client import decide

    print(decide(_settings(options), options.word, vars(options)))
    return 0


def _proposals(options: argparse.Namespace) -> int:
    from .authority_client import proposals

    print(proposals(_settings(options), vars(options)))
    return 0


def _batch(options: argparse.Namespace) -> int:
    from .batch_client import cancel, follow, in_words, send
    from .identity.fictitious_callers import first_of
    from .official_client import Caller
    from .roles import AccessRole

    name = options.caller or first_of(AccessRole.CLERK)
    caller = Caller(_settings(options), name, options.token_file, again=options.again)
    if options.cancel:
        cancel(caller, options.cancel)
        answer = follow(caller, options.cancel)
    elif options.follow:
        answer = follow(caller, options.follow)
    else:
        answer = send(caller, options.file, dry_run=options.dry_run)
    for one in answer.get("problems", ()):
        print(in_words(one), file=sys.stderr)
    print(json.dumps(answer))
    return 2 if answer.get("refused") or answer.get("failed") else 0


def _official_token(options: argparse.Namespace) -> int:
    service = _service(options)
    if service.development is None:
        raise SettingsRefused(
            "pas d'émetteur de développement ici : les jetons viennent du fournisseur de LP_OIDC_ISSUER · "
            "this home has no development issuer; tokens come from the provider of LP_OIDC_ISSUER"
        )
    print(service.development.mint(options.caller, service.clock.now(), acr=options.acr))
    print("jeton fictif, une heure", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
