"""A subscriber of ONVIF events by zeep and ONVIF's own service descriptions: FOLDER of descriptions, PORT, PASSWORD of vms, and
for HTTPS the authority CA.

Does what video management systems do: asks for the time, the services and the topics, makes itself a pull point and fetches.
Prints a line of JSON for each answer; goes on for each line of its standard input (the name of what it is to ask), and ends with it.
Every answer is checked against ONVIF's schemas as it is read.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

from lxml import etree
from requests import Session
from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

folder, port, password, *ca = sys.argv[1:]
TOPICS = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
base = f"{'https' if ca else 'http'}://127.0.0.1:{port}/onvif/"
session = Session()
session.verify = ca[0] if ca else True
# Else the environment could name other authorities.
session.trust_env = False


def service(description, binding, address):
    """A service of ONVIF's at an address; whatever its schema does not allow is an error."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    token = UsernameToken("vms", password, use_digest=True, created=now)
    client = Client(
        f"{folder}/{description}.wsdl", wsse=token, settings=Settings(strict=True), transport=Transport(session=session)
    )
    return client, client.create_service("{http://www.onvif.org/ver10/" + binding, address)


def say(**answer):
    print(json.dumps(answer, default=str), flush=True)


def items(part):
    """The simple items of a part of a message, by name."""
    return {item.Name: item.Value for item in part.SimpleItem}


_, device = service("devicemgmt", "device/wsdl}DeviceBinding", base + "device_service")
clock = device.GetSystemDateAndTime().UTCDateTime
say(year=clock.Date.Year, minute=clock.Time.Minute)
try:
    say(maker=device.GetDeviceInformation().Manufacturer)
except Fault as fault:
    say(fault=fault.message, subcode=fault.subcodes[0].localname)
    sys.exit()
services = {service.Namespace.split("/")[4]: service.XAddr for service in device.GetServices(False)}
capabilities = device.GetCapabilities(["All"])
say(events=services["events"], same=capabilities.Events.XAddr, pulls=capabilities.Events.WSPullPointSupport)

client, events = service("events", "events/wsdl}EventBinding", services["events"])
properties = events.GetEventProperties()
topics = [etree.QName(node).localname for node in properties.TopicSet._value_1]
say(topics=topics, capabilities=int(events.GetServiceCapabilities().MaxPullPoints))

kind = client.get_type("{http://docs.oasis-open.org/wsn/b-2}FilterType")
wanted = etree.Element("{http://docs.oasis-open.org/wsn/b-2}TopicExpression", Dialect=TOPICS)
wanted.text = "tns1:RuleEngine//.|tnsthrong:CrowdSafety//."
made = events.CreatePullPointSubscription(Filter=kind([wanted]), InitialTerminationTime="PT60S")
address = made.SubscriptionReference.Address._value_1
say(subscription=address, lasts=(made.TerminationTime - made.CurrentTime).total_seconds())
_, point = service("events", "events/wsdl}PullPointSubscriptionBinding", address)
_, manager = service("events", "events/wsdl}SubscriptionManagerBinding", address)

for line in sys.stdin:
    try:
        match line.strip():
            case "pull":
                pulled = point.PullMessages(Timeout=timedelta(seconds=60), MessageLimit=10)
                told = []
                for notification in pulled.NotificationMessage:
                    message = notification.Message._value_1
                    told.append(
                        {
                            "topic": notification.Topic._value_1,
                            "operation": message.PropertyOperation,
                            "time": message.UtcTime.isoformat(timespec="milliseconds"),
                            "source": items(message.Source),
                            "data": items(message.Data),
                        }
                    )
                say(told=told)
            case "renew":
                renewed = manager.Renew(TerminationTime="PT120S")
                say(lasts=(renewed.TerminationTime - renewed.CurrentTime).total_seconds())
            case "synchronise":
                point.SetSynchronizationPoint()
                say(done=True)
            case "end":
                manager.Unsubscribe()
                say(done=True)
    except Fault as fault:
        say(fault=fault.message, subcode=fault.subcodes[0].localname)
