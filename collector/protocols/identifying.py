"""Properties that carry identifiers by their names: they are no properties, wherever they stand.

Vendors' SDKs and the teams that use them put ids among the properties of an event. Here each is
told by its name and moved to its target, so that gate, digest and scrub see it.
"""

from __future__ import annotations

from typing import Any

from collector.protocols.fields import READERS, Draft, put
from collector.urls import split_url

DEPTH_MAX = 16
"""Deeper objects within properties are left out whole."""

_PERSON = (
    "userid uid enduserid personid customerid memberid loginid accountuserid distinctuserid "
    "identifiedid useruuid userguid enduser.id"
)
_DEVICE = (
    "anonymousid anonid anonuserid deviceid distinctid anondistinctid installid installationid "
    "appinstallationid appinstanceid clientid visitorid duid domainuserid networkuserid nuid tnuid "
    "idfv iosifv vendorid identifierforvendor androidid ssaid serialnumber hardwareid "
    "devicefingerprint fingerprint instanceid browserid guestid glclientid devicetoken pushtoken "
    "fcmtoken apnstoken registrationid rudderanonymousid ajsanonymousid udid openudid"
)
_ADVERTISING = (
    "advertisingid advertisingidentifier adid idfa iosifa iosidfa gaid aaid googleadid "
    "googleadvertisingid androidadvertisingid androidadid gpsadid oaid maid rida tifa fireadid "
    "msclkid gclid gclsrc dclid wbraid gbraid fbclid fbc fbp ttclid ttp twclid yclid ymclid liclid "
    "lifatid scid sccid epik rdtcid irclickid clickid vkclid"
)
_SESSION = "sessionid windowid visitid pageviewid tabid sid ganonsessionid gasessionid"
_ADDRESS = (
    "ip ipaddress ipaddr ipv4 ipv6 clientip clientaddress clientsocketaddress remoteip remoteaddr "
    "remoteaddress sourceip sourceaddress userip xforwardedfor xrealip cfconnectingip trueclientip "
    "networkpeeraddress netpeerip netsockpeeraddr httpclientip peeraddress hostip serverip "
    "initialip geoip"
)
_AGENT = "useragent rawuseragent useragentoriginal httpuseragent browseruseragent initialuseragent"
_OTHER = (
    "cookie cookies setcookie authorization proxyauthorization headers requestheaders httpheaders "
    "cookieheader httprequestheadercookie httprequestheaderauthorization macaddress mac imei meid "
    "imsi iccid traceparent authtoken accesstoken refreshtoken idtoken externalid aliasid "
    "previousid hashedemail emailhash emailsha256 phonehash uid2 euid id5 liveramp rampid ttdid"
)

TARGETS: dict[str, str] = {
    name: target
    for names, target in (
        (_PERSON, "person"),
        (_DEVICE, "device"),
        (_ADVERTISING, "advertising_id"),
        (_SESSION, "session"),
        (_ADDRESS, "address"),
        (_AGENT, "user_agent"),
        (_OTHER, "other_id"),
    )
    for name in names.split()
}
"""Name without its signs, in lower case -> target."""

OURS = frozenset({"ad_id", "ad-id", "page_view_id"})
"""Names that look alike and mean something else: an advert, a page."""

_SIGNS = str.maketrans("", "", "$_-. :/[]")


def target_of(name: str) -> str | None:
    """Give the target of a property that carries an identifier, None for any other."""
    if name in OURS or len(name) > 64:
        return None
    return TARGETS.get(name.translate(_SIGNS).lower())


def take_identifying(
    properties: dict[str, Any], draft: Draft, kept_parameters: frozenset[str]
) -> dict[str, Any]:
    """Give properties without those that carry identifiers, which go to the draft.

    Looks into objects and lists. What stands in an object that is left out whole (`headers`) is
    looked for in the event's texts. Of a URL's query the `kept_parameters` stay, as in pages'.
    """
    return {
        name: kept
        for name, value in properties.items()
        if (kept := _take(name, value, draft, kept_parameters, 0)) is not None
    }


def _take(name: str, value: Any, draft: Draft, kept: frozenset[str], depth: int) -> Any:
    """Give what is kept of a property's value, None for nothing."""
    target = target_of(name)
    if target is not None:
        for text in _texts_in(value, depth):
            if (read := READERS[target](text)) is not None:
                put(draft, target, read)
        return None
    if depth >= DEPTH_MAX and isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        pairs = ((key, _take(key, one, draft, kept, depth + 1)) for key, one in value.items())
        return {key: one for key, one in pairs if one is not None}
    if isinstance(value, list):
        return [_take("", one, draft, kept, depth + 1) for one in value]
    return reduce_url(value, kept) if isinstance(value, str) else value


def reduce_url(text: str, kept: frozenset[str]) -> str:
    """Give a URL without fragment and with its `kept` parameters alone; other text as it is."""
    if not text.startswith(("http://", "https://")) or ("?" not in text and "#" not in text):
        return text
    url = split_url(text, kept)
    query = f"?{url.query}" if url.query else ""
    return f"{text.partition(':')[0]}://{url.host}{url.path}{query}"


def _texts_in(value: Any, depth: int) -> list[Any]:
    """Give the leaves of a value, a single one as it is."""
    if isinstance(value, dict | list):
        if depth >= DEPTH_MAX:
            return []
        within = value.values() if isinstance(value, dict) else value
        return [text for one in within for text in _texts_in(one, depth + 1)]
    return [value]
