// Published posts and an editorial calendar, from GraphQL alone: no build, no library.
// Whatever comes from the hub is shown as text, never as HTML.

const POSTS = `query Posts($after: String) {
  publications(first: 12, after: $after, filter: { stateIn: [PUBLISHED], originIn: [CONTENT] },
    orderBy: [PUBLISHED_AT_DESC]) {
    nodes {
      id url publishedAt
      channel { name handle platform { name } }
      contentItem { title locale }
      edition { title parts { text media { alt width height asset { url renditions { name url } } } } }
      metrics { metric value }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const CALENDAR = `query Calendar($from: Date!, $to: Date!, $zone: String!) {
  calendar(from: $from, to: $to, timeZone: $zone) {
    truncated
    campaigns { name startsOn endsOn }
    days { date entries { at localTime state title channel { name } publication { id url } } }
  }
}`;

const CHANGES = 'subscription Changes { publicationChanged { event { sequence name } } }';

const WORDS = {
  en: {
    title: 'Published', skip: 'Skip to the posts', language: 'Language', connect: 'Connect',
    hint: 'The address and the token stay in this tab and are forgotten with it.',
    address: 'Address of the API', token: 'Token', leave: 'Disconnect', calendar: 'Calendar',
    before: 'Month before', after: 'Month after', today: 'Today', posts: 'Posts', more: 'Show more',
    nothing: 'Nothing has been published yet.', close: 'Close', legend: 'Colours',
    truncated: 'There is more in this month than is shown.',
    off: 'Not connected', waiting: 'Connecting …', live: 'Live', refused: 'Refused',
    zone: 'Days and times in', none: 'Nothing', when: 'When', where: 'Where', state: 'State',
    link: 'Link', open: 'Open the post', campaign: 'Campaign', on: 'on',
    failed: 'The hub cannot be reached at this address.',
    unauthorized: 'The token is not valid, or not valid any more.',
    metrics: { likes: 'likes', reposts: 'reposts', replies: 'replies', quotes: 'quotes', views: 'views', clicks: 'clicks' },
    states: { PROPOSED: 'Proposed', SCHEDULED: 'Scheduled', PUBLISHING: 'On its way', PUBLISHED: 'Published',
      HELD: 'Held', UNCONFIRMED: 'Unconfirmed', FAILED: 'Failed', CANCELLED: 'Cancelled', EXPIRED: 'Expired', WITHDRAWN: 'Withdrawn' },
  },
  fr: {
    title: 'Publications', skip: 'Aller aux publications', language: 'Langue', connect: 'Se connecter',
    hint: 'L’adresse et le jeton restent dans cet onglet et sont oubliés avec lui.',
    address: 'Adresse de l’API', token: 'Jeton', leave: 'Se déconnecter', calendar: 'Calendrier',
    before: 'Mois précédent', after: 'Mois suivant', today: 'Aujourd’hui', posts: 'Publications', more: 'Afficher la suite',
    nothing: 'Rien n’a encore été publié.', close: 'Fermer', legend: 'Couleurs',
    truncated: 'Ce mois contient plus que ce qui est affiché.',
    off: 'Non connecté', waiting: 'Connexion …', live: 'En direct', refused: 'Refusé',
    zone: 'Jours et heures :', none: 'Rien', when: 'Quand', where: 'Où', state: 'État',
    link: 'Lien', open: 'Ouvrir la publication', campaign: 'Campagne', on: 'sur',
    failed: 'Le hub ne répond pas à cette adresse.',
    unauthorized: 'Le jeton n’est pas valide, ou ne l’est plus.',
    metrics: { likes: 'j’aime', reposts: 'partages', replies: 'réponses', quotes: 'citations', views: 'vues', clicks: 'clics' },
    states: { PROPOSED: 'Proposé', SCHEDULED: 'Programmé', PUBLISHING: 'En cours d’envoi', PUBLISHED: 'Publié',
      HELD: 'Retenu', UNCONFIRMED: 'Non confirmé', FAILED: 'Échoué', CANCELLED: 'Annulé', EXPIRED: 'Expiré', WITHDRAWN: 'Retiré' },
  },
};

const TONES = {
  PUBLISHED: 'out', SCHEDULED: 'planned', PUBLISHING: 'planned', PROPOSED: 'proposed', HELD: 'waiting',
  UNCONFIRMED: 'waiting', FAILED: 'failed', EXPIRED: 'failed', CANCELLED: 'off', WITHDRAWN: 'off',
};
const LEGEND = ['PUBLISHED', 'SCHEDULED', 'PROPOSED', 'HELD', 'FAILED'];
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const SILENCE = 45_000; // The hub gives a sign of life every 15 seconds.

const at = (id) => document.getElementById(id);
const state = {
  language: navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en',
  month: firstOfMonth(new Date()), connection: 'off', posts: [], cursor: null, calendar: null, run: null,
};
const words = () => WORDS[state.language];

// --- asking -------------------------------------------------------------------------------------

class Refused extends Error {}

function request(query, variables, headers, signal) {
  return fetch(sessionStorage.getItem('address'), {
    method: 'POST', signal, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${sessionStorage.getItem('token')}`, ...headers },
    body: JSON.stringify({ query, variables }),
  });
}

async function ask(query, variables, signal) {
  const answer = await request(query, variables, { accept: 'application/graphql-response+json' }, signal);
  if (answer.status === 401) throw new Refused(words().unauthorized);
  const { data, errors } = await answer.json();
  if (!data) throw new Error(errors?.[0]?.message ?? answer.statusText);
  return data;
}

// One stream of server-sent events, read by hand: EventSource cannot send a token.
async function follow(signal, opened, changed, seen) {
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort());
  let silence = setTimeout(() => stop.abort(), SILENCE);
  const headers = { accept: 'text/event-stream', ...(seen.id && { 'last-event-id': seen.id }) };
  const answer = await request(CHANGES, {}, headers, stop.signal);
  if (answer.status === 401) throw new Refused(words().unauthorized);
  if (!answer.ok) throw new Error(answer.statusText);
  opened();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { done, value } = await reader.read();
    clearTimeout(silence);
    if (done) return;
    silence = setTimeout(() => stop.abort(), SILENCE);
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').filter((line) => !line.startsWith(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      if (fields.event !== 'next') continue;
      const { errors } = JSON.parse(fields.data);
      if (errors?.[0]?.extensions?.code === 'UNAUTHENTICATED') throw new Refused(words().unauthorized);
      if (errors) throw new Error(errors[0].message);
      seen.id = fields.id ?? seen.id;
      changed();
    }
  }
}

async function run(signal) {
  const seen = { id: null };
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      connection('waiting');
      // Followed before it is read, so that nothing falls in between.
      await follow(signal, () => { tries = 0; connection('live'); refresh(signal); }, () => soon(signal), seen);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) return refused(error);
      trouble(tries > 1 ? words().failed : null);
    }
    connection('waiting');
    const wait = Math.min(8_000, 500 * 2 ** tries) * (0.75 + Math.random() / 2);
    await new Promise((resolve) => { setTimeout(resolve, wait); });
  }
}

let waiting = null;
function soon(signal) {
  // Many changes at once are read once.
  clearTimeout(waiting);
  waiting = setTimeout(() => refresh(signal), 150);
}

async function refresh(signal) {
  try {
    const [first, last] = shownDays();
    const [posts, calendar] = await Promise.all([
      ask(POSTS, {}, signal),
      ask(CALENDAR, { from: written(first), to: written(last), zone: ZONE }, signal),
    ]);
    const fresh = posts.publications;
    const ids = new Set(fresh.nodes.map((post) => post.id));
    const kept = state.posts.filter((post) => !ids.has(post.id));
    if (state.posts.length <= fresh.nodes.length) state.cursor = fresh.pageInfo.hasNextPage ? fresh.pageInfo.endCursor : null;
    state.posts = state.cursor === null ? fresh.nodes : [...fresh.nodes, ...kept];
    state.calendar = calendar.calendar;
    trouble(null);
    show();
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Refused) refused(error);
    else trouble(error.message);
  }
}

async function more() {
  const { publications } = await ask(POSTS, { after: state.cursor }, state.run.signal);
  state.posts.push(...publications.nodes);
  state.cursor = publications.pageInfo.hasNextPage ? publications.pageInfo.endCursor : null;
  show();
}

// --- coming and going ---------------------------------------------------------------------------

function enter() {
  state.run?.abort();
  state.run = new AbortController();
  document.body.dataset.known = '';
  at('leave').hidden = false;
  run(state.run.signal);
}

function leave() {
  state.run?.abort();
  sessionStorage.clear();
  Object.assign(state, { posts: [], cursor: null, calendar: null, run: null });
  delete document.body.dataset.known;
  at('token').value = '';
  at('leave').hidden = true;
  trouble(null);
  connection('off');
  show();
}

function refused(error) {
  leave();
  connection('refused');
  trouble(error.message);
}

function connection(now) {
  state.connection = now;
  at('connection').dataset.state = now;
  at('connection-text').textContent = words()[now];
}

function trouble(message) {
  at('trouble').hidden = !message;
  at('trouble').textContent = message ?? '';
}

// --- showing ------------------------------------------------------------------------------------

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Only addresses of the web are followed or loaded, whatever a platform may have answered.
function web(address) {
  try {
    const url = new URL(address);
    return ['https:', 'http:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function show() {
  const known = state.calendar !== null;
  at('calendar').hidden = !known;
  at('posts').hidden = !known;
  if (!known) return;
  showCalendar();
  const before = new Set([...at('list').children].map((item) => item.dataset.id));
  at('list').replaceChildren(...state.posts.map((post) => card(post, before.size > 0 && !before.has(post.id))));
  at('nothing').hidden = state.posts.length > 0;
  at('more').hidden = state.cursor === null;
}

function card(post, isNew) {
  const parts = post.edition?.parts ?? [];
  const picture = parts.flatMap((part) => part.media)[0];
  const source = picture && web(picture.asset?.renditions.find((one) => one.name === 'preview')?.url ?? picture.asset?.url);
  const link = web(post.url);
  const title = post.contentItem?.title ?? post.edition?.title ?? '';
  const when = new Intl.DateTimeFormat(state.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(post.publishedAt));
  const heading = link ? make('a', { href: link, rel: 'noopener noreferrer' }, title) : title;
  const counters = (post.metrics ?? []).filter((one) => one.value > 0).map((one) => make('li', {},
    `${new Intl.NumberFormat(state.language).format(one.value)} ${words().metrics[one.metric] ?? one.metric}`));
  return make('li', { 'data-id': post.id },
    make('article', { class: isNew ? 'post new' : 'post' },
      source ? make('img', { src: source, alt: picture.alt, width: picture.width, height: picture.height, loading: 'lazy' }) : null,
      make('div', { class: 'inside' },
        make('h3', { lang: post.contentItem?.locale }, heading),
        make('p', { class: 'words', lang: post.contentItem?.locale }, parts.map((part) => part.text).join('\n\n')),
        make('p', { class: 'where' }, make('time', { datetime: post.publishedAt }, when), ` ${words().on} ${post.channel?.name ?? '?'}`,
          post.channel ? ` (${post.channel.platform.name})` : ''),
        counters.length ? make('ul', { class: 'counters' }, ...counters) : null)));
}

function showCalendar() {
  const days = state.calendar.days;
  at('month').textContent = new Intl.DateTimeFormat(state.language, { month: 'long', year: 'numeric' }).format(state.month);
  at('zone').textContent = `${words().zone} ${ZONE}`;
  at('more-entries').hidden = !state.calendar.truncated;
  const named = (style) => new Intl.DateTimeFormat(state.language, { weekday: style, timeZone: 'UTC' });
  at('weekdays').replaceChildren(...days.slice(0, 7).map((day) => {
    const name = new Date(`${day.date}T00:00:00Z`);
    return make('th', { scope: 'col', abbr: named('long').format(name) }, named('short').format(name));
  }));
  const weeks = [];
  for (let first = 0; first < days.length; first += 7) {
    weeks.push(make('tr', {}, ...days.slice(first, first + 7).map(cell)));
  }
  at('weeks').replaceChildren(...weeks);
  const short = new Intl.DateTimeFormat(state.language, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const day = (date) => (date ? short.format(new Date(`${date}T00:00:00Z`)) : '…');
  at('campaigns').replaceChildren(...(state.calendar.campaigns ?? []).map((one) => make('li', {},
    `${words().campaign}: ${one.name} (${day(one.startsOn)} – ${day(one.endsOn)})`)));
  at('legend').replaceChildren(...LEGEND.map((name) => make('li', { 'data-tone': TONES[name] }, words().states[name])));
}

function cell(day) {
  const long = new Intl.DateTimeFormat(state.language, { dateStyle: 'full', timeZone: 'UTC' }).format(new Date(`${day.date}T00:00:00Z`));
  const outside = Number(day.date.slice(5, 7)) !== state.month.getMonth() + 1;
  return make('td', { class: outside ? 'outside' : null, 'data-date': day.date, 'aria-current': day.date === written(new Date()) ? 'date' : null },
    make('time', { datetime: day.date, 'aria-label': long }, String(Number(day.date.slice(8)))),
    day.entries.length ? make('ul', {}, ...day.entries.map((entry) => make('li', {}, chip(entry)))) : null);
}

function chip(entry) {
  const said = `${entry.localTime}, ${entry.title ?? ''}, ${words().states[entry.state]}`;
  const made = make('button', { type: 'button', class: 'entry', 'data-state': entry.state, 'data-tone': TONES[entry.state], 'aria-label': said, title: said },
    make('time', { datetime: entry.at }, entry.localTime), ` ${entry.title ?? ''}`);
  made.addEventListener('click', () => detail(entry));
  return made;
}

function detail(entry) {
  const link = web(entry.publication?.url);
  const facts = [
    [words().when, new Intl.DateTimeFormat(state.language, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(entry.at))],
    [words().where, entry.channel?.name ?? ''],
    [words().state, words().states[entry.state]],
    ...(link ? [[words().link, make('a', { href: link, rel: 'noopener noreferrer' }, words().open)]] : []),
  ];
  at('detail-title').textContent = entry.title ?? '';
  at('detail-facts').replaceChildren(...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
  at('detail').showModal();
}

// --- days and words -----------------------------------------------------------------------------

function firstOfMonth(day) {
  return new Date(day.getFullYear(), day.getMonth(), 1);
}

function shownDays() {
  // Whole weeks, from Monday, around the month.
  const first = new Date(state.month);
  first.setDate(1 - ((first.getDay() + 6) % 7));
  const last = new Date(state.month.getFullYear(), state.month.getMonth() + 1, 0);
  last.setDate(last.getDate() + ((7 - last.getDay()) % 7));
  return [first, last];
}

function written(day) {
  const two = (number) => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

function speak() {
  document.documentElement.lang = state.language;
  document.title = words().title;
  for (const one of document.querySelectorAll('[data-text]')) one.textContent = words()[one.dataset.text];
  for (const one of document.querySelectorAll('[data-label]')) one.setAttribute('aria-label', words()[one.dataset.label]);
  at('language').value = state.language;
  connection(state.connection);
  show();
}

function turn(months) {
  state.month = months === 0 ? firstOfMonth(new Date()) : new Date(state.month.getFullYear(), state.month.getMonth() + months, 1);
  if (state.run) refresh(state.run.signal);
}

at('language').addEventListener('change', (event) => { state.language = event.target.value; speak(); });
at('door').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('address', at('address').value.trim());
  sessionStorage.setItem('token', at('token').value.trim());
  trouble(null);
  enter();
});
at('leave').addEventListener('click', leave);
at('before').addEventListener('click', () => turn(-1));
at('after').addEventListener('click', () => turn(1));
at('today').addEventListener('click', () => turn(0));
at('more').addEventListener('click', more);

speak();
at('address').value = sessionStorage.getItem('address') ?? 'http://127.0.0.1:8000/graphql';
at('token').value = sessionStorage.getItem('token') ?? '';
if (sessionStorage.getItem('token')) enter();
