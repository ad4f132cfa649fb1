"""SBML (Level 2 or 3 core) into a :class:`System`.

Reactions, rate and assignment rules, initial assignments, function definitions, piecewise, compartments (constant,
ruled or resized), species in amount or concentration, conversion factors, variable stoichiometry, events.
Refused by name with the element's id: delays, algebraic rules, fast reactions, required packages.
Source: SBML Level 3 Version 2 Core, release 2 (doi:10.1515/jib-2019-0021).
"""

from __future__ import annotations

import hashlib
import math

import libsbml
import numpy as np

from .derivative import tangents
from .document import parsed
from .faults import Fault, Refusal, UnsupportedModel
from .graph import Graph, Node
from .mathml import MathReader
from .system import Assignment, Event, Initial, Slot, System

# Part of every hash: raise it when the same SBML would give another system.
FRONT_END_VERSION = "1"
# One bit each in a 64-bit number; triggers that only wait for a fixed time need none.
MOST_WATCHED = 62
# The state of a model that has none.
NO_STATES = "(no states)"


def read_system(text: str) -> System:
    """The system of an SBML document given as text.  Raises UnsupportedModel with every refusal found."""
    document = parsed(text)
    digest = hashlib.sha256((FRONT_END_VERSION + "\n" + text).encode()).hexdigest()
    try:
        return _Reader(document.getModel()).system(digest)
    except RecursionError:
        hint = "write long formulas and chains of rules as fewer steps"
        raise UnsupportedModel([Fault("formulas or rules too deep in one another", hint=hint)]) from None


class _Reader:
    def __init__(self, model: libsbml.Model):
        self.model = model
        self.g = Graph()
        self.faults: list[Fault] = []
        self.states: list[str] = []
        self.parameters: list[str] = []
        self.defaults: dict[str, float] = {}
        self.symbols: dict[str, Node] = {}
        self.amount: set[str] = set()  # species kept as amount though their symbol is a concentration
        self.rates: dict[int, Node] = {}
        self._resolving: list[str] = []
        self._rating: list[int] = []
        functions = {f.getId(): f for f in model.getListOfFunctionDefinitions()}
        self.math = MathReader(self.g, self.resolve, self.rate_of, functions)
        rules = [r for r in model.getListOfRules() if r.isAlgebraic() or r.isSetMath()]
        for rule in rules:
            if rule.isAlgebraic():
                label = rule.getIdAttribute() or libsbml.formulaToL3String(rule.getMath())
                self.faults.append(Fault("unsupported: algebraic rule", f"'{label}'"))
        self.assigned = {r.getVariable(): r for r in rules if r.isAssignment()}
        self.ruled = {r.getVariable(): r for r in rules if r.isRate()}
        self.starts = {a.getSymbol(): a for a in model.getListOfInitialAssignments() if a.isSetMath()}
        self.touched = {a.getVariable() for e in model.getListOfEvents() for a in e.getListOfEventAssignments()}
        self.reactions = {r.getId(): r for r in model.getListOfReactions()}
        self.species = {s.getId(): s for s in model.getListOfSpecies()}
        self.compartments = {c.getId(): c for c in model.getListOfCompartments()}
        self.local: dict[str, dict[str, Node]] = {}

    def system(self, digest: str) -> System:
        self._guard(self._declare)
        for reaction in self.reactions.values():
            if reaction.isSetFast() and reaction.getFast():
                self.faults.append(Fault("unsupported: fast reaction", f"'{reaction.getId()}'"))
        if self.faults:
            raise UnsupportedModel(self.faults)
        if not self.states:
            # Time must have something to carry along, if only the observed values.
            self._keep(NO_STATES, 0.0, state=True)
        for name in self.assigned:
            self._guard(self.resolve, name)
        for name in self.reactions:
            self._guard(self.resolve, name)
        for index in range(len(self.states)):
            self._guard(self.rate, index)
        initials = self._guard(self._initials) or []
        events = [self._guard(self._event, k, e) for k, e in enumerate(self.model.getListOfEvents())]
        if self.faults:
            raise UnsupportedModel(dict.fromkeys(self.faults))
        system = System(
            graph=self.g,
            states=tuple(self.states),
            parameters=tuple(self.parameters),
            rhs=tuple(self.rates[k] for k in range(len(self.states))),
            default_states=np.array([self.defaults[s] for s in self.states], dtype=float),
            default_parameters=np.array([self.defaults[p] for p in self.parameters], dtype=float),
            initials=tuple(initials),
            observables=tuple(self.assigned),
            symbols=dict(self.symbols),
            events=tuple(e for e in events if e is not None),
            units=self._units(),
            species={s: (self._kind(s), self.species[s].getCompartment()) for s in self.species},
            hash=digest,
        )
        if len(system.watched()) > MOST_WATCHED:
            raise UnsupportedModel([Fault(f"unsupported: more than {MOST_WATCHED} comparisons in event triggers")])
        return system

    def _guard(self, action, *arguments):
        """Carry out one step of reading; a refusal is noted and reading goes on, so that all are found."""
        try:
            return action(*arguments)
        except Refusal as refusal:
            self._resolving.clear()
            self._rating.clear()
            self.faults.append(refusal.fault)
            return None

    # names ----------------------------------------------------------------------------------------------------------
    def _keep(self, name: str, value: float, *, state: bool) -> Node:
        kept = self.states if state else self.parameters
        kept.append(name)
        self.defaults[name] = value
        return self.g.state(len(kept) - 1) if state else self.g.param(len(kept) - 1)

    def _declare(self) -> None:
        for name, compartment in self.compartments.items():
            if name not in self.assigned:
                size = compartment.getSize() if compartment.isSetSize() else 1.0
                self.symbols[name] = self._keep(name, size, state=name in self.ruled)
        for parameter in self.model.getListOfParameters():
            name = parameter.getId()
            if name not in self.assigned:
                value = parameter.getValue() if parameter.isSetValue() else math.nan
                self.symbols[name] = self._keep(name, value, state=name in self.ruled)
        for name in self.species:
            self._declare_species(name)
        for reaction in self.reactions.values():
            for reference in [*reaction.getListOfReactants(), *reaction.getListOfProducts()]:
                name = reference.getId()
                if name and name not in self.assigned:
                    value = reference.getStoichiometry() if reference.isSetStoichiometry() else math.nan
                    self.symbols[name] = self._keep(name, value, state=name in self.ruled)
            law = reaction.getKineticLaw()
            if law is not None:
                own = {}
                for parameter in [*law.getListOfLocalParameters(), *law.getListOfParameters()]:
                    if parameter.getId() not in own:
                        label = f"{reaction.getId()}.{parameter.getId()}"
                        own[parameter.getId()] = self._keep(label, parameter.getValue(), state=False)
                self.local[reaction.getId()] = own

    def _declare_species(self, name: str) -> None:
        species, home = self.species[name], self.species[name].getCompartment()
        if name in self.assigned:
            return
        varying = home in self.assigned or home in self.ruled or home in self.touched
        per_volume = self._per_volume(name)
        if name in self.ruled:
            self.symbols[name] = self._keep(name, self._start_value(name), state=True)
            return
        fixed = species.getConstant() and name not in self.touched
        node = self._keep(name, self._start_value(name), state=not fixed)
        if per_volume and varying:
            self.amount.add(name)
            self.symbols[f"[{name}]"] = self.g.div(node, self.resolve(home))
            self.symbols[name] = self.symbols[f"[{name}]"]
        else:
            self.symbols[name] = node

    def _per_volume(self, name: str) -> bool:
        """The symbol stands for a concentration."""
        species = self.species[name]
        home = self.compartments[species.getCompartment()]
        return not (species.getHasOnlySubstanceUnits() or home.getSpatialDimensions() == 0)

    def _kind(self, name: str) -> str:
        return "concentration" if self._per_volume(name) and name not in self.amount else "amount"

    def _start_value(self, name: str) -> float:
        species = self.species[name]
        if species.isSetInitialAmount():
            return float(species.getInitialAmount())
        return float(species.getInitialConcentration()) if species.isSetInitialConcentration() else math.nan

    def resolve(self, name: str) -> Node:
        """The node a name stands for in the formulas."""
        node = self.symbols.get(name)
        if node is not None:
            return node
        if name in self._resolving:
            raise Refusal("circular definition", name)
        self._resolving.append(name)
        if name in self.assigned:
            node = self.math.number(self.assigned[name].getMath(), name)
        elif name in self.reactions:
            law = self.reactions[name].getKineticLaw()
            if law is None or law.getMath() is None:
                raise Refusal("reaction without a kinetic law", name)
            node = self.math.number(law.getMath(), name, self.local[name])
        else:
            raise Refusal(f"unknown name '{name}'", self._resolving[0])
        self._resolving.pop()
        self.symbols[name] = node
        return node

    # rates ----------------------------------------------------------------------------------------------------------
    def rate(self, index: int) -> Node:
        """d state / d t."""
        if index in self.rates:
            return self.rates[index]
        name = self.states[index]
        if index in self._rating:
            raise Refusal("circular definition through rateOf", name)
        self._rating.append(index)
        if name in self.ruled:
            node = self.math.number(self.ruled[name].getMath(), name)
        elif name in self.species and not self.species[name].getBoundaryCondition():
            node = self._turnover(name)
        else:
            node = self.g.zero
        self._rating.pop()
        self.rates[index] = node
        return node

    def _turnover(self, name: str) -> Node:
        """Sum of stoichiometry times rate over the reactions of a species, in the unit of its state."""
        g, species = self.g, self.species[name]
        terms = []
        for reaction_id, reaction in self.reactions.items():
            for sign, references in ((-1.0, reaction.getListOfReactants()), (1.0, reaction.getListOfProducts())):
                for reference in references:
                    if reference.getSpecies() == name:
                        count = g.mul(g.const(sign), self._stoichiometry(reference, reaction_id))
                        terms.append(g.mul(count, self.resolve(reaction_id)))
        total = g.sum(terms)
        factor = species.getConversionFactor() or self.model.getConversionFactor()
        if factor:
            total = g.mul(total, self.resolve(factor))
        if self._per_volume(name) and name not in self.amount:
            total = g.div(total, self.resolve(species.getCompartment()))
        return total

    def _stoichiometry(self, reference: libsbml.SpeciesReference, reaction: str) -> Node:
        if reference.isSetStoichiometryMath():
            return self.math.number(reference.getStoichiometryMath().getMath(), reaction)
        if reference.getId():
            return self.resolve(reference.getId())
        if not reference.isSetStoichiometry():
            raise Refusal("species reference without a stoichiometry", reaction)
        return self.g.const(reference.getStoichiometry())

    def rate_of(self, name: str) -> Node:
        """The time derivative of what a name stands for."""
        g, node = self.g, self.resolve(name)
        seeds = {leaf: g.zero for leaf in g.reach([node]) if not g.args[leaf]}
        for leaf in seeds:
            if g.op[leaf] == "state":
                seeds[leaf] = self.rate(g.index(leaf))
            elif g.op[leaf] == "time":
                seeds[leaf] = g.one
        return tangents(g, [node], seeds)[0]

    # start values and events ----------------------------------------------------------------------------------------
    def _slot(self, name: str) -> Slot | None:
        for kind, names in (("state", self.states), ("param", self.parameters)):
            if name in names:
                return Slot(kind, names.index(name))
        return None

    def _initials(self) -> list[Initial]:
        g, wanted = self.g, {}
        for name, start in self.starts.items():
            slot = self._slot(name)
            if slot is None:
                continue  # an assignment rule on the same name decides
            node = self.math.number(start.getMath(), name)
            wanted[slot] = (
                g.mul(node, self.resolve(self.species[name].getCompartment())) if name in self.amount else node
            )
        for name, species in self.species.items():
            slot = self._slot(name)
            if slot is None or slot in wanted:
                continue
            as_amount = name in self.amount or not self._per_volume(name)
            value = g.const(self.defaults[name])
            if species.isSetInitialConcentration() and as_amount:
                wanted[slot] = g.mul(value, self.resolve(species.getCompartment()))
            elif species.isSetInitialAmount() and not as_amount:
                wanted[slot] = g.div(value, self.resolve(species.getCompartment()))
        ordered: list[Initial] = []
        done: set[Slot] = set()

        def visit(slot: Slot, path: tuple[Slot, ...]) -> None:
            if slot in done or slot not in wanted:
                return
            if slot in path:
                raise Refusal("circular initial assignment", (*self.states, *self.parameters)[slot.index])
            node = wanted[slot]
            for kind in ("state", "param"):
                for index in g.leaves([node], kind):
                    visit(Slot(kind, index), (*path, slot))
            done.add(slot)
            ordered.append(Initial(slot, node))

        for slot in wanted:
            visit(slot, ())
        return ordered

    def _event(self, number: int, event: libsbml.Event) -> Event | None:
        name = event.getId() or f"event {number + 1}"
        trigger = event.getTrigger()
        if trigger is None or not trigger.isSetMath():
            return None  # without a trigger it never happens (Level 3 Version 2)
        assignments = []
        for change in event.getListOfEventAssignments():
            if not change.isSetMath():
                continue
            target = change.getVariable()
            slot = self._slot(target)
            if slot is None:
                raise Refusal(f"event assignment to '{target}'", name)
            before, after = self._volume_factors(target, event)
            assignments.append(Assignment(slot, self.math.number(change.getMath(), name), before, after))
        assignments += self._diluted(event)
        delay, priority = event.getDelay(), event.getPriority()
        has_delay = delay is not None and delay.isSetMath()
        has_priority = priority is not None and priority.isSetMath()
        return Event(
            name=name,
            trigger=self.math.boolean(trigger.getMath(), name),
            delay=self.math.number(delay.getMath(), name) if has_delay else None,
            priority=self.math.number(priority.getMath(), name) if has_priority else None,
            persistent=not trigger.isSetPersistent() or trigger.getPersistent(),
            initially_true=not trigger.isSetInitialValue() or trigger.getInitialValue(),
            values_at_trigger=event.getUseValuesFromTriggerTime(),
            assignments=tuple(assignments),
        )

    def _volume_factors(self, target: str, event: libsbml.Event) -> tuple[Node | None, Node | None]:
        """An assigned concentration is one in the volume before the event."""
        if target not in self.species or not self._per_volume(target):
            return None, None
        home = self.species[target].getCompartment()
        if target in self.amount:
            return self.resolve(home), None
        resized = any(a.getVariable() == home and a.isSetMath() for a in event.getListOfEventAssignments())
        volume = self.resolve(home)
        return (volume, self.g.rcp(volume)) if resized else (None, None)

    def _diluted(self, event: libsbml.Event) -> list[Assignment]:
        """Concentrations kept as such whose compartment the event resizes: the amount stays."""
        g, found = self.g, []
        changed = {a.getVariable() for a in event.getListOfEventAssignments() if a.isSetMath()}
        for name in self.ruled.keys() & self.species.keys():
            home = self.species[name].getCompartment()
            slot = self._slot(name)
            if home in changed and name not in changed and self._per_volume(name) and slot is not None:
                volume = self.resolve(home)
                amount = g.mul(self.resolve(name), volume)
                found.append(Assignment(slot, amount, after=g.rcp(volume), late=True))
        return found

    def _units(self) -> dict[str, str]:
        """Unit ids as the model gives them; a concentration reads "substance/volume"."""
        found = {p.getId(): p.getUnits() for p in self.model.getListOfParameters()}
        found |= {c: x.getUnits() or self.model.getVolumeUnits() for c, x in self.compartments.items()}
        for name, species in self.species.items():
            substance = species.getSubstanceUnits() or self.model.getSubstanceUnits()
            volume = found.get(species.getCompartment(), "")
            found[name] = substance
            if self._per_volume(name) and name not in self.amount:
                found[name] = f"{substance}/{volume}" if substance and volume else ""
            if name in self.amount:
                found[f"[{name}]"] = f"{substance}/{volume}" if substance and volume else ""
        return found
